// An attack: goal, search, transformation and constraints, with the source of every number.

using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;

namespace RobustTickets.Attacks;

/// <summary>One line of a recipe's description.</summary>
/// <param name="Item">The setting.</param>
/// <param name="Value">Its value in the recipe.</param>
/// <param name="Source">Source of the value.</param>
public sealed record RecipeLine(string Item, string Value, string Source);

/// <summary>A complete attack.</summary>
/// <param name="Name">The recipe's name.</param>
/// <param name="Version">The TextAttack release whose behaviour is followed where releases
/// differ.</param>
/// <param name="Goal">When an attack counts as successful.</param>
/// <param name="Search">The order in which words and candidates are tried.</param>
/// <param name="Transformation">The candidates.</param>
/// <param name="Positions">Which words may change, in order of evaluation.</param>
/// <param name="Constraints">Which candidates are acceptable, in order of evaluation.</param>
/// <param name="QueryBudget">Maximum queries per example; null: no limit.</param>
/// <param name="Lines">Human-readable description of the attack.</param>
/// <param name="Resources">The resource files it was built from.</param>
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
    /// Maximum compute time per example, its share of model batches included; after that the best
    /// text so far is the result. Null: no limit. With a limit, outcomes depend on the machine.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Source of random numbers; used only by transformations that draw some.</summary>
    public RandomPlan Randomness { get; init; } = new StreamPerExample();
}
