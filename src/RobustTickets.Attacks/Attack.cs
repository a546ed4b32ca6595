// An attack is a value: goal, search, transformation, constraints with the
// source of every number beside it.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>One line of a recipe's description.</summary>
/// <param name="Item">What it is about.</param>
/// <param name="Value">What the recipe uses.</param>
/// <param name="Source">Where that comes from.</param>
public sealed record RecipeLine(string Item, string Value, string Source);

/// <summary>A complete attack.</summary>
/// <param name="Name">The recipe's name.</param>
/// <param name="Version">Whose behaviour is followed where TextAttack's releases differ.</param>
/// <param name="Goal">When an answer counts as success.</param>
/// <param name="Search">The order in which words and candidates are tried.</param>
/// <param name="Transformation">The candidates.</param>
/// <param name="Positions">Which words may change, in order.</param>
/// <param name="Constraints">Which candidates are acceptable, in order.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="Lines">The composition, for people.</param>
/// <param name="Resources">The files it was built from.</param>
public sealed record Attack(
    string Name,
    TextAttackVersion Version,
    UntargetedGoal Goal,
    ISearch Search,
    Transformation Transformation,
    IReadOnlyList<PositionConstraint> Positions,
    IReadOnlyList<CandidateConstraint> Constraints,
    int? QueryBudget,
    IReadOnlyList<RecipeLine> Lines,
    IReadOnlyList<ResourceInfo> Resources
)
{
    /// <summary>
    /// Most work an example may cost, its share of model batches included; when it is spent, the
    /// best text so far is the result. Null: no limit. With a limit
    /// outcomes depend on the machine.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>
    /// Where random numbers come from; matters to transformations that draw some.
    /// </summary>
    public RandomPlan Randomness { get; init; } = new StreamPerExample();
}
