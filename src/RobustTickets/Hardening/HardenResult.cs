using RobustTickets.Hardening;

namespace RobustTickets;

/// <summary>A model against the baseline on the same attacked rows; shares in [0, 1].</summary>
/// <param name="OnlyThis">Rows that this one alone gets right under attack.</param>
/// <param name="OnlyBaseline">Rows that the baseline alone does.</param>
/// <param name="Difference">Accuracy under attack less the baseline's.</param>
/// <param name="Low">Lower end of its 95 % interval (Bonett and Price 2012).</param>
/// <param name="High">Upper end.</param>
/// <param name="PValue">Exact two-sided McNemar test.</param>
public sealed record PairedFigure(
    int OnlyThis,
    int OnlyBaseline,
    double Difference,
    double Low,
    double High,
    double PValue
);

/// <summary>An attack on reported rows; shares in [0, 1].</summary>
/// <param name="Attack">Name of the attack.</param>
/// <param name="Unseen">Whether no defence trained on its dictionary.</param>
/// <param name="Examples">Rows attacked.</param>
/// <param name="AsIs">Accuracy under attack of the model as it is.</param>
/// <param name="Repeated">Whether rows that withstood were attacked once more at the temperature
/// fitted on development rows; there may have been none.</param>
/// <param name="Temperature">That temperature, where rows were attacked at it.</param>
/// <param name="Aua">Accuracy under both: a row counts that withstands both.</param>
/// <param name="Low">Lower end of its 95 % Wilson interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="AgainstBaseline">The comparison; null for the baseline.</param>
public sealed record HardenFigure(
    string Attack,
    bool Unseen,
    int Examples,
    double AsIs,
    bool Repeated,
    double? Temperature,
    double Aua,
    double Low,
    double High,
    PairedFigure? AgainstBaseline
);

/// <summary>A model on the reported rows.</summary>
/// <param name="Name">Its name; of a further seed <c>NAME-seed-N</c>.</param>
/// <param name="Role"><c>baseline</c>, <c>chosen</c>, <c>twin</c> (the dense network trained
/// alike), <c>fine-tune</c>, <c>seed</c>.</param>
/// <param name="Model">Its folder.</param>
/// <param name="Clean">Accuracy on all reported rows, in [0, 1].</param>
/// <param name="CleanLow">Lower end of its 95 % Wilson interval.</param>
/// <param name="CleanHigh">Upper end.</param>
/// <param name="Parameters">Parameters without embeddings; null where the model's form does not say
/// them.</param>
/// <param name="Size">The same as a share of the whole network's, or null.</param>
/// <param name="TrainingSeconds">Seconds of its training, search included; null where it was
/// given.</param>
/// <param name="Figures">The attacks.</param>
public sealed record HardenRow(
    string Name,
    string Role,
    string Model,
    double Clean,
    double CleanLow,
    double CleanHigh,
    long? Parameters,
    double? Size,
    double? TrainingSeconds,
    IReadOnlyList<HardenFigure> Figures
);

/// <summary>The comparison's result, as <c>harden.json</c> holds it.</summary>
/// <param name="SchemaVersion">Version of this layout.</param>
/// <param name="Recommendation">One sentence.</param>
/// <param name="Recommended">Name of the recommended model.</param>
/// <param name="Chosen">What development rows chose; it may not have been confirmed.</param>
/// <param name="Baseline">Name of the model to beat.</param>
/// <param name="Next">Command line that uses the recommended model.</param>
/// <param name="Rule">The rule of selection, as plan.json held it before.</param>
/// <param name="Reported">Models on the reported rows.</param>
/// <param name="Development">All models on development rows.</param>
/// <param name="DevelopmentExamples">Development rows that all were attacked on.</param>
/// <param name="Attacks">The attacks, the first counting most.</param>
/// <param name="LeftOut">What did not fit, or was cut off, by name.</param>
/// <param name="Notes">Where rows and attacks come from.</param>
/// <param name="BudgetSeconds">The budget.</param>
/// <param name="Seconds">What was spent.</param>
/// <param name="Dearer">A defence that would be more robust at a larger loss of clean accuracy than
/// is allowed, in a sentence; null where there is none.</param>
public sealed record HardenResult(
    int SchemaVersion,
    string Recommendation,
    string Recommended,
    string Chosen,
    string Baseline,
    string Next,
    string Rule,
    IReadOnlyList<HardenRow> Reported,
    IReadOnlyList<DevelopmentRow> Development,
    int DevelopmentExamples,
    IReadOnlyList<string> Attacks,
    IReadOnlyList<LeftOutOfPlan> LeftOut,
    IReadOnlyList<string> Notes,
    double BudgetSeconds,
    double Seconds,
    string? Dearer = null
);
