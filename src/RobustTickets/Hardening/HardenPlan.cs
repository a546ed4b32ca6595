// Plans what fits the budget, as a pure function of the measured speed. Saved to plan.json with the
// selection rule before any attack (docs/harden.md).
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Pipeline.Checks;

namespace RobustTickets.Hardening;

/// <summary>A defence to train.</summary>
/// <param name="Name">Its name.</param>
/// <param name="About">Description for the user.</param>
/// <param name="Seconds">Expected training time.</param>
internal sealed record PlannedDefence(string Name, string About, double Seconds);

/// <summary>An item that is skipped, and the reason.</summary>
/// <param name="Name">Name of a defence or other item.</param>
/// <param name="Reason">The reason.</param>
public sealed record LeftOutOfPlan(string Name, string Reason);

/// <summary>The plan.</summary>
/// <param name="SchemaVersion">Version of the file format.</param>
/// <param name="Inputs">SHA-256 of the split rows, model and options: a comparison resumes only
/// with the same inputs.</param>
/// <param name="BudgetSeconds">The budget.</param>
/// <param name="SecondsPerRow">Measured seconds of a plain training pass over one row.</param>
/// <param name="TrainRows">Number of rows to train on.</param>
/// <param name="OfRows">Number of training rows available.</param>
/// <param name="Epochs">Epochs of each final training.</param>
/// <param name="MaxLength">Maximum sequence length.</param>
/// <param name="Seeds">Number of seeds requested.</param>
/// <param name="Defences">Defences in training order.</param>
/// <param name="LeftOut">Items that do not fit the budget.</param>
/// <param name="Attacks">The attacks, the primary one first; no defence trains on the dictionary of
/// the last.</param>
/// <param name="DevelopmentExamples">Number of development rows attacked for selection.</param>
/// <param name="ReportedExamples">Maximum number of reported rows attacked for
/// confirmation.</param>
/// <param name="Goal">The selection goal.</param>
/// <param name="Rule">How the defence is chosen and confirmed.</param>
/// <param name="CleanLoss">Allowed loss of clean accuracy.</param>
/// <param name="Encoders">SHA-256 of the attacks' sentence encoders.</param>
/// <param name="Dictionaries">SHA-256 of the dictionaries that defences train on.</param>
internal sealed record HardenPlan(
    int SchemaVersion,
    string Inputs,
    double BudgetSeconds,
    double SecondsPerRow,
    int TrainRows,
    int OfRows,
    double Epochs,
    int MaxLength,
    int Seeds,
    IReadOnlyList<PlannedDefence> Defences,
    IReadOnlyList<LeftOutOfPlan> LeftOut,
    IReadOnlyList<string> Attacks,
    int DevelopmentExamples,
    int ReportedExamples,
    HardenGoal Goal,
    string Rule,
    double CleanLoss = HardenSelection.MostLost,
    string Encoders = "",
    string Dictionaries = ""
)
{
    /// <summary>The file format that this program writes and reads.</summary>
    public const int CurrentSchema = 2;

    /// <summary>Fraction of the budget reserved for the confirming attacks.</summary>
    public const double ConfirmShare = 0.3;

    private const double TrainShare = 0.5;

    /// <summary>Fraction of the budget reserved for the attacks on development rows.</summary>
    public const double DevelopmentShare = 0.2;

    // Minimum cost of an attacked example, in training rows. Replaced by the measured cost once an
    // attack has run.
    private const double LeastAttackRows = 15;

    // Factor for loading, evaluation and saving.
    private const double Overhead = 1.15;
    private const double OverheadSeconds = 2;
    private const int LeastRows = 200;

    // Two models on development rows, again on reported rows, and once more on rows that withstand.
    private const int LeastAttacks = 5;

    /// <summary>With fewer attacked rows, no difference can be detected.</summary>
    public const int LeastAttacked = 30;
    private const int MostDevelopment = 200;
    private const int MostReported = 1000;

    // The minimal set of defences, and the larger sets preferred when they fit.
    private static readonly string[] Small = [HardenCandidate.FineTune, "hardened", "hardened-ticket"],
        Dense = [HardenCandidate.FineTune, "hardened"],
        Cheap = [HardenCandidate.FineTune, "substitution"];

    // From best to minimal: a ticket is preferred to more epochs, and a hardening defence to using
    // all rows; then as many rows as fit.
    private static readonly (double Rows, double Epochs, string[] Core)[] Choices =
    [
        .. new[] { 3.0, 2, 1 }.Select(epochs => (1.0, epochs, Small)),
        .. new[] { 3.0, 2, 1 }.Select(epochs => (1.0, epochs, Dense)),
        .. new[] { 0.5, 0.25 }.SelectMany(rows => new[] { (rows, 1.0, Small), (rows, 1, Dense) }),
        .. new[] { 1, 0.5, 0.25, 0.1, 0.03, 0 }.Select(rows => (rows, 1.0, Cheap)),
    ];

    /// <summary>Expected training time in seconds.</summary>
    /// <param name="candidate">The defence.</param>
    /// <param name="rows">Number of training rows.</param>
    /// <param name="secondsPerRow">Seconds of a plain training pass over one row.</param>
    /// <param name="before">Defences trained before; a search of theirs is not repeated.</param>
    public static double Seconds(
        HardenCandidate candidate,
        int rows,
        double secondsPerRow,
        params IEnumerable<HardenCandidate> before
    )
    {
        var passes = candidate.Passes - (before.Any(candidate.SharesSearch) ? candidate.SearchPasses : 0);
        return OverheadSeconds + Overhead * passes * rows * secondsPerRow;
    }

    /// <summary>Makes the plan.</summary>
    /// <param name="facts">Inputs of the plan.</param>
    /// <param name="defences">Returns the defences for given epochs and rows.</param>
    /// <exception cref="RequestException">The budget is too small for any comparison.</exception>
    public static HardenPlan Make(HardenFacts facts, Func<double, int, IReadOnlyList<HardenCandidate>> defences)
    {
        var budget = facts.Budget.TotalSeconds;
        var training = TrainShare * budget;
        int Rows(double share) => Math.Min(facts.Rows, Math.Max(LeastRows, (int)(share * facts.Rows)));
        var leastForAttacks = LeastForAttacks(facts);
        foreach (var (share, epochs, core) in leastForAttacks <= budget ? Choices : [])
        {
            var rows = Rows(share);
            var all = defences(epochs, rows);
            if (Needed(all, core, rows) <= training)
                return Fill(facts, all, rows, epochs, training);
        }
        var least = Choices[^1];
        var leastRows = Rows(least.Rows);
        var leastForTraining = Needed(defences(least.Epochs, leastRows), least.Core, leastRows) / TrainShare;
        var needed = Math.Max(leastForTraining, leastForAttacks);
        var first = facts with { Attacks = [facts.Attacks[0]] };
        var withFirst = Math.Max(leastForTraining, LeastForAttacks(first));
        var alone = withFirst < needed ? $", with {first.Attacks[0]} as the only attack {Minutes(withFirst)}" : "";
        throw new RequestException(
            nameof(HardenRequest.Budget),
            Minutes(budget),
            $"too small for these data on this machine; the smallest useful one is about {Minutes(needed)}{alone}"
        );

        double Needed(IEnumerable<HardenCandidate> all, string[] core, int rows) =>
            all.Where(c => core.Contains(c.Name)).Sum(c => Seconds(c, rows, facts.SecondsPerRow));
    }

    private static HardenPlan Fill(
        HardenFacts facts,
        IReadOnlyList<HardenCandidate> all,
        int rows,
        double epochs,
        double training
    )
    {
        var (planned, before) = (new List<PlannedDefence>(), new List<HardenCandidate>());
        var left = new List<LeftOutOfPlan>();
        var spent = 0.0;
        foreach (var candidate in all)
        {
            var seconds = Seconds(candidate, rows, facts.SecondsPerRow, before);
            if (facts.IsTicket && candidate.Twin is not null)
                left.Add(new(candidate.Name, "the model is already a ticket"));
            else if (spent + seconds > training)
                left.Add(
                    new(
                        candidate.Name,
                        $"needs about {Minutes(seconds)}, but only {Minutes(Math.Max(0, training - spent))} are left"
                    )
                );
            else
            {
                spent += seconds;
                planned.Add(new PlannedDefence(candidate.Name, candidate.About, seconds));
                before.Add(candidate);
            }
        }
        if (rows < facts.Rows)
            left.Add(
                new(
                    "training rows",
                    string.Create(CultureInfo.InvariantCulture, $"{facts.Rows - rows} of {facts.Rows} do not fit")
                )
            );
        var budget = facts.Budget.TotalSeconds;
        var victims = planned.Count + (facts.HasOwn ? 1 : 0);
        return new HardenPlan(
            CurrentSchema,
            facts.Inputs,
            budget,
            facts.SecondsPerRow,
            rows,
            facts.Rows,
            epochs,
            facts.MaxLength,
            facts.Seeds,
            planned,
            left,
            facts.Attacks,
            Fitting(
                DevelopmentShare * budget,
                AttackSeconds(facts) * victims,
                Math.Min(MostDevelopment, facts.Development)
            ),
            Math.Min(MostReported, facts.Reported),
            facts.Goal,
            HardenSelection.Rule(facts.Goal, facts.CleanLoss),
            facts.CleanLoss
        );
    }

    /// <summary>Expected seconds of all attacks on one example of one victim.</summary>
    private static double AttackSeconds(HardenFacts facts) =>
        facts.SecondsPerRow
        * facts.Attacks.Sum(a => Math.Max(LeastAttackRows, facts.Words * HardenAttacks.RowsPerWord(a)));

    /// <summary>Seconds to measure the accuracy of models on rows, one forward pass each.</summary>
    internal static double MeasureSeconds(int models, int rows, double secondsPerRow) =>
        models * rows * secondsPerRow / RecipeCost.CleanStep;

    // A fraction of the total budget large enough to compare two models.
    private static double LeastForAttacks(HardenFacts facts) =>
        ((AttackSeconds(facts) * LeastAttacked * LeastAttacks) + MeasureSeconds(2, facts.Reported, facts.SecondsPerRow))
        / (DevelopmentShare + ConfirmShare);

    /// <summary>
    /// Number of examples that fit a time, between the minimum and <paramref name="most"/>.
    /// </summary>
    public static int Fitting(double seconds, double secondsEach, int most) =>
        Math.Min(most, Math.Max(LeastAttacked, secondsEach <= 0 ? most : (int)Math.Min(most, seconds / secondsEach)));

    /// <summary>A duration as text.</summary>
    internal static string Minutes(double seconds) =>
        seconds < 90
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds):0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.#} min");
}

/// <summary>Inputs of a plan.</summary>
/// <param name="Inputs">SHA-256 of rows, model and options.</param>
/// <param name="Budget">The budget.</param>
/// <param name="SecondsPerRow">Seconds of a plain training pass over one row.</param>
/// <param name="Rows">Number of training rows.</param>
/// <param name="Development">Number of development rows.</param>
/// <param name="Reported">Number of reported rows.</param>
/// <param name="MaxLength">Maximum sequence length.</param>
/// <param name="Words">Mean number of words of a development text.</param>
/// <param name="Attacks">The attacks.</param>
/// <param name="Seeds">Number of seeds requested.</param>
/// <param name="Goal">The selection goal.</param>
/// <param name="HasOwn">Whether the given model is a classifier, which is also attacked.</param>
/// <param name="IsTicket">Whether the given model is a ticket, from which no ticket can be
/// drawn.</param>
/// <param name="CleanLoss">Allowed loss of clean accuracy.</param>
internal sealed record HardenFacts(
    string Inputs,
    TimeSpan Budget,
    double SecondsPerRow,
    int Rows,
    int Development,
    int Reported,
    int MaxLength,
    double Words,
    IReadOnlyList<string> Attacks,
    int Seeds,
    HardenGoal Goal,
    bool HasOwn,
    bool IsTicket,
    double CleanLoss
);
