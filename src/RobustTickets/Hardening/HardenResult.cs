using RobustTickets.Hardening;

namespace RobustTickets;

/// <summary>A model against the baseline on the same attacked rows; fractions in [0, 1].</summary>
/// <param name="OnlyThis">Rows that only this model classifies correctly under attack.</param>
/// <param name="OnlyBaseline">Rows that only the baseline classifies correctly under
/// attack.</param>
/// <param name="Difference">Accuracy under attack minus the baseline's.</param>
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

/// <summary>An attack on reported rows; fractions in [0, 1].</summary>
/// <param name="Attack">Name of the attack.</param>
/// <param name="Unseen">Whether no defence trained on its dictionary.</param>
/// <param name="Examples">Number of rows attacked.</param>
/// <param name="AsIs">Accuracy under attack at temperature 1.</param>
/// <param name="Repeated">Whether all rows that withstood (possibly none) were attacked again at
/// the temperature fitted on development rows.</param>
/// <param name="Temperature">That temperature, if rows were attacked at it.</param>
/// <param name="Aua">Accuracy under both attacks: rows that withstand both.</param>
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
/// <param name="Name">Its name; <c>NAME-seed-N</c> for a further seed.</param>
/// <param name="Role"><c>baseline</c>, <c>chosen</c>, <c>twin</c> (the dense network trained
/// alike), <c>fine-tune</c>, <c>seed</c>.</param>
/// <param name="Model">Its folder.</param>
/// <param name="Clean">Accuracy on all reported rows, in [0, 1].</param>
/// <param name="CleanLow">Lower end of its 95 % Wilson interval.</param>
/// <param name="CleanHigh">Upper end.</param>
/// <param name="Parameters">Parameters without embeddings; null if the model's format does not
/// state them.</param>
/// <param name="Size">Parameters as a fraction of the full network's, or null.</param>
/// <param name="TrainingSeconds">Seconds of training, search included; null for the given
/// model.</param>
/// <param name="Figures">Figures of the attacks.</param>
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

/// <summary>The comparison's result, stored as <c>harden.json</c>.</summary>
/// <param name="SchemaVersion">Version of the file format.</param>
/// <param name="Recommendation">The recommendation, one sentence.</param>
/// <param name="Recommended">Name of the recommended model.</param>
/// <param name="Chosen">The choice on development rows; may not have been confirmed.</param>
/// <param name="Baseline">Name of the baseline.</param>
/// <param name="Next">Command line that uses the recommended model.</param>
/// <param name="Rule">The selection rule, as fixed in plan.json.</param>
/// <param name="Reported">Figures of models on the reported rows.</param>
/// <param name="Development">Figures of all models on development rows.</param>
/// <param name="DevelopmentExamples">Number of development rows that every model was attacked
/// on.</param>
/// <param name="Attacks">The attacks, the primary one first.</param>
/// <param name="LeftOut">Items that did not fit the budget or were cut off, by name.</param>
/// <param name="Notes">Sources of rows and attacks.</param>
/// <param name="BudgetSeconds">The budget.</param>
/// <param name="Seconds">Seconds spent.</param>
/// <param name="Dearer">One sentence about a defence that is more robust but loses more clean
/// accuracy than allowed; null if there is none.</param>
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
