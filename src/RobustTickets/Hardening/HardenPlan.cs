// What fits into the budget: a pure function of the speed that was measured. Written to plan.json
// with the rule of selection before anything is attacked (docs/harden.md).
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Pipeline.Checks;

namespace RobustTickets.Hardening;

/// <summary>A defence that is to be trained.</summary>
/// <param name="Name">Its name.</param>
/// <param name="About">What it is.</param>
/// <param name="Seconds">What its training is expected to take.</param>
internal sealed record PlannedDefence(string Name, string About, double Seconds);

/// <summary>What is left out, and why.</summary>
/// <param name="Name">A defence, or what else.</param>
/// <param name="Reason">The reason.</param>
public sealed record LeftOutOfPlan(string Name, string Reason);

/// <summary>The plan.</summary>
/// <param name="SchemaVersion">Version of this layout.</param>
/// <param name="Inputs">SHA-256 of the parted rows, model and options: a run goes on with the same
/// alone.</param>
/// <param name="BudgetSeconds">The budget.</param>
/// <param name="SecondsPerRow">Measured: a plain training pass over one row.</param>
/// <param name="TrainRows">Rows trained on.</param>
/// <param name="OfRows">Rows there are to train on.</param>
/// <param name="Epochs">Epochs of each final training.</param>
/// <param name="MaxLength">Word pieces of a text.</param>
/// <param name="Seeds">Seeds wanted.</param>
/// <param name="Defences">Trained in this order.</param>
/// <param name="LeftOut">What does not fit.</param>
/// <param name="Attacks">The attacks; the first counts most, the defences never saw the dictionary
/// of the last.</param>
/// <param name="DevelopmentExamples">Development rows attacked for the selection.</param>
/// <param name="ReportedExamples">Reported rows attacked at the end, at most.</param>
/// <param name="Goal">What is preferred.</param>
/// <param name="Rule">How the defence is chosen and confirmed.</param>
/// <param name="CleanLoss">Loss of clean accuracy that is allowed.</param>
/// <param name="Encoders">SHA-256 of the attacks' sentence encoders.</param>
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
    string Encoders = ""
)
{
    /// <summary>The layout that this program writes and reads.</summary>
    public const int CurrentSchema = 2;

    /// <summary>Share of the budget that belongs to the confirming attacks.</summary>
    public const double ConfirmShare = 0.3;

    private const double TrainShare = 0.5;

    /// <summary>Share of the budget that belongs to the attacks on development rows.</summary>
    public const double DevelopmentShare = 0.2;

    // An attacked example costs at least as much as so many rows of training. Measured anew as soon
    // as an attack has been run.
    private const double LeastAttackRows = 15;

    // Loading, evaluation, saving.
    private const double Overhead = 1.15;
    private const double OverheadSeconds = 2;
    private const int LeastRows = 200;

    // Two models on development rows; on reported ones again, and what withstands once more.
    private const int LeastAttacks = 5;

    /// <summary>Fewer attacked rows tell nothing.</summary>
    public const int LeastAttacked = 30;
    private const int MostDevelopment = 200;
    private const int MostReported = 1000;

    // What a comparison needs, and what it is poorer without.
    private static readonly string[] Small = [HardenCandidate.FineTune, "hardened", "hardened-ticket"],
        Dense = [HardenCandidate.FineTune, "hardened"],
        Cheap = [HardenCandidate.FineTune, "substitution"];

    // From what is best to what is better than nothing: a ticket before further epochs, and what
    // hardens before all rows, but as many rows as there is time for.
    private static readonly (double Rows, double Epochs, string[] Core)[] Choices =
    [
        .. new[] { 3.0, 2, 1 }.Select(epochs => (1.0, epochs, Small)),
        .. new[] { 3.0, 2, 1 }.Select(epochs => (1.0, epochs, Dense)),
        .. new[] { 0.5, 0.25 }.SelectMany(rows => new[] { (rows, 1.0, Small), (rows, 1, Dense) }),
        .. new[] { 1, 0.5, 0.25, 0.1, 0.03, 0 }.Select(rows => (rows, 1.0, Cheap)),
    ];

    /// <summary>Seconds that a training is expected to take.</summary>
    public static double Seconds(HardenCandidate candidate, int rows, double secondsPerRow) =>
        OverheadSeconds + Overhead * candidate.Passes * rows * secondsPerRow;

    /// <summary>Plans.</summary>
    /// <param name="facts">What is known before.</param>
    /// <param name="defences">The defences for a number of epochs and rows.</param>
    /// <exception cref="RequestException">The budget is too small for anything.</exception>
    public static HardenPlan Make(HardenFacts facts, Func<double, int, IReadOnlyList<HardenCandidate>> defences)
    {
        var budget = facts.Budget.TotalSeconds;
        var training = TrainShare * budget;
        double Cost(HardenCandidate c, int rows) => Seconds(c, rows, facts.SecondsPerRow);
        int Rows(double share) => Math.Min(facts.Rows, Math.Max(LeastRows, (int)(share * facts.Rows)));
        var leastForAttacks = LeastForAttacks(facts);
        foreach (var (share, epochs, core) in leastForAttacks <= budget ? Choices : [])
        {
            var rows = Rows(share);
            var all = defences(epochs, rows);
            if (Needed(all, core, rows) <= training)
                return Fill(facts, all, rows, epochs, training, Cost);
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
            all.Where(c => core.Contains(c.Name)).Sum(c => Cost(c, rows));
    }

    private static HardenPlan Fill(
        HardenFacts facts,
        IReadOnlyList<HardenCandidate> all,
        int rows,
        double epochs,
        double training,
        Func<HardenCandidate, int, double> cost
    )
    {
        var planned = new List<PlannedDefence>();
        var left = new List<LeftOutOfPlan>();
        var spent = 0.0;
        foreach (var candidate in all)
        {
            var seconds = cost(candidate, rows);
            if (facts.IsTicket && candidate.Twin is not null)
                left.Add(new(candidate.Name, "the model is a ticket already"));
            else if (spent + seconds > training)
                left.Add(
                    new(
                        candidate.Name,
                        $"needs about {Minutes(seconds)}, {Minutes(Math.Max(0, training - spent))} are left for it"
                    )
                );
            else
            {
                spent += seconds;
                planned.Add(new PlannedDefence(candidate.Name, candidate.About, seconds));
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

    /// <summary>Seconds that all attacks on one example of one victim may take.</summary>
    private static double AttackSeconds(HardenFacts facts) =>
        facts.SecondsPerRow
        * facts.Attacks.Sum(a => Math.Max(LeastAttackRows, facts.Words * HardenAttacks.RowsPerWord(a)));

    /// <summary>Seconds of the accuracy of models on rows: a forward pass each.</summary>
    internal static double MeasureSeconds(int models, int rows, double secondsPerRow) =>
        models * rows * secondsPerRow / RecipeCost.CleanStep;

    // Of the whole budget, so that its share holds what a comparison of two models needs.
    private static double LeastForAttacks(HardenFacts facts) =>
        ((AttackSeconds(facts) * LeastAttacked * LeastAttacks) + MeasureSeconds(2, facts.Reported, facts.SecondsPerRow))
        / (DevelopmentShare + ConfirmShare);

    /// <summary>Examples that fit a time, at least a few and at most what there is.</summary>
    public static int Fitting(double seconds, double secondsEach, int most) =>
        Math.Min(most, Math.Max(LeastAttacked, secondsEach <= 0 ? most : (int)Math.Min(most, seconds / secondsEach)));

    /// <summary>A time for people.</summary>
    internal static string Minutes(double seconds) =>
        seconds < 90
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds):0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0.#} min");
}

/// <summary>What a plan is made of.</summary>
/// <param name="Inputs">SHA-256 of rows, model and options.</param>
/// <param name="Budget">The budget.</param>
/// <param name="SecondsPerRow">A plain training pass over one row.</param>
/// <param name="Rows">Rows to train on.</param>
/// <param name="Development">Development rows.</param>
/// <param name="Reported">Reported rows.</param>
/// <param name="MaxLength">Word pieces of a text.</param>
/// <param name="Words">Words of a development text, on average.</param>
/// <param name="Attacks">The attacks.</param>
/// <param name="Seeds">Seeds wanted.</param>
/// <param name="Goal">What is preferred.</param>
/// <param name="HasOwn">Whether the model is a classifier, which is attacked too.</param>
/// <param name="IsTicket">Whether the model is a ticket, of which none can be drawn.</param>
/// <param name="CleanLoss">Loss of clean accuracy that is allowed.</param>
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
