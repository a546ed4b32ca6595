// The table of layers: which folder may see which (docs/decisions/003-folders.md). Projects forbid
// what they can by their references; every other border is a row here.
namespace RobustTickets.Tests.Layering;

/// <summary>
/// A folder and the folders its code may name (itself is always allowed):
/// <c>src/RobustTickets/Tickets/Files</c> is RobustTickets.Tickets.Files, whatever namespace its
/// files are in. Below a row a folder belongs to that row, unless it has its own; one without a row
/// fails the test.
/// </summary>
/// <param name="Name">The folder.</param>
/// <param name="Sees">Folders it may use; each stands for itself only unless it ends in
/// <c>.*</c>, which takes in all below it.</param>
internal sealed record Layer(string Name, params string[] Sees);

internal static class Layers
{
    private const string AllTorch = "RobustTickets.Torch.*";
    private const string AllKernels = "RobustTickets.Kernels.*";
    private const string AllText = "RobustTickets.Attacks.*";

    /// <summary>The library, bottom up: a row sees only rows above it.</summary>
    public static readonly IReadOnlyList<Layer> Library =
    [
        // Of Attacks, models take the error of a request alone.
        new("RobustTickets.Models", AllTorch, AllKernels, "RobustTickets.Attacks"),
        new(
            "RobustTickets.Checkpoints",
            AllTorch,
            AllKernels,
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Texts",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.Models"
        ),
        new("RobustTickets.Runs", "RobustTickets.Attacks", "RobustTickets.Attacks.Files", "RobustTickets.Checkpoints"),
        new("RobustTickets.Runs.Metrics", "RobustTickets.Attacks.Files", "RobustTickets.Runs"),
        // Runs as they stand, read while others write them.
        new(
            "RobustTickets.Runs.Live",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Runs",
            "RobustTickets.Runs.Metrics"
        ),
        new(
            "RobustTickets.Tickets",
            AllTorch,
            AllKernels,
            "RobustTickets.Attacks.Files",
            "RobustTickets.Checkpoints",
            "RobustTickets.Models"
        ),
        new(
            "RobustTickets.Tickets.Files",
            AllTorch,
            AllKernels,
            "RobustTickets.Checkpoints",
            "RobustTickets.Models",
            "RobustTickets.Tickets"
        ),
        new("RobustTickets.Objectives", AllTorch, AllKernels, "RobustTickets.Models"),
        // Texts before they are word pieces: the tables and edits of attacks.
        new("RobustTickets.Augmentation", AllKernels, AllText, "RobustTickets.Models"),
        // Runs: a stage logs its steps. Tickets and recipes it does not know.
        new(
            "RobustTickets.Training",
            AllTorch,
            AllKernels,
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Texts",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.Augmentation",
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Runs.Metrics",
            "RobustTickets.Models",
            "RobustTickets.Objectives"
        ),
        new(
            "RobustTickets.Searches",
            AllTorch,
            AllKernels,
            "RobustTickets.Attacks.Files",
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Models",
            "RobustTickets.Tickets",
            "RobustTickets.Tickets.Files",
            "RobustTickets.Augmentation",
            "RobustTickets.Objectives",
            "RobustTickets.Training"
        ),
        // With Json, Presets and Validation: one value and its forms.
        new(
            "RobustTickets.Recipes",
            AllTorch,
            AllKernels,
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Tickets",
            "RobustTickets.Augmentation",
            "RobustTickets.Objectives",
            "RobustTickets.Training",
            "RobustTickets.Searches"
        ),
        // Of Runs, a classifier asks which rows it was trained on.
        new(
            "RobustTickets.Evaluation",
            AllTorch,
            AllKernels,
            AllText,
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Models"
        ),
        // A model that the user names, and the rows it may be evaluated on.
        new(
            "RobustTickets.Pipeline.Models",
            AllTorch,
            AllKernels,
            AllText,
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Models",
            "RobustTickets.Training",
            "RobustTickets.Recipes",
            "RobustTickets.Evaluation"
        ),
        // Attacks on a model that exists: tickets, objectives and searches they do not know.
        new(
            "RobustTickets.Pipeline.Attacks",
            AllTorch,
            AllKernels,
            AllText,
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Models",
            "RobustTickets.Evaluation",
            "RobustTickets.Pipeline.Models"
        ),
        // The only place that knows all of the above.
        new(
            "RobustTickets.Pipeline",
            AllTorch,
            AllKernels,
            AllText,
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Models",
            "RobustTickets.Tickets",
            "RobustTickets.Tickets.Files",
            "RobustTickets.Augmentation",
            "RobustTickets.Objectives",
            "RobustTickets.Training",
            "RobustTickets.Searches",
            "RobustTickets.Recipes",
            "RobustTickets.Evaluation",
            "RobustTickets.Pipeline.Models",
            "RobustTickets.Pipeline.Attacks"
        ),
        new(
            "RobustTickets.Pretraining",
            AllTorch,
            AllKernels,
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Runs.Metrics",
            "RobustTickets.Models",
            "RobustTickets.Objectives",
            "RobustTickets.Training"
        ),
        // Figures draw numbers and know no run; of Attacks they take the interval of a share and
        // texts fit for a page.
        new("RobustTickets.Reports.Figures", "RobustTickets.Attacks.Texts", "RobustTickets.Attacks.Metrics"),
        // Reports read run folders only; of Attacks they take outcomes and files.
        new(
            "RobustTickets.Reports",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Texts",
            "RobustTickets.Attacks.Metrics",
            "RobustTickets.Runs",
            "RobustTickets.Reports.Figures"
        ),
        new(
            "RobustTickets.Export",
            AllTorch,
            AllKernels,
            AllText,
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Models",
            "RobustTickets.Tickets"
        ),
        // Experiments plan runs from recipes and read finished ones as reports do.
        new(
            "RobustTickets.Experiments",
            AllText,
            "RobustTickets.Models",
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Runs.Live",
            "RobustTickets.Evaluation",
            "RobustTickets.Training",
            "RobustTickets.Recipes",
            "RobustTickets.Pipeline",
            "RobustTickets.Pipeline.Models",
            "RobustTickets.Pipeline.Attacks",
            "RobustTickets.Reports",
            "RobustTickets.Reports.Figures"
        ),
        // A comparison plans and runs recipes as an experiment does, and makes its page as a
        // report.
        new(
            "RobustTickets.Hardening",
            AllText,
            "RobustTickets.Models",
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs",
            "RobustTickets.Tickets",
            "RobustTickets.Objectives",
            "RobustTickets.Augmentation",
            "RobustTickets.Training",
            "RobustTickets.Searches",
            "RobustTickets.Recipes",
            "RobustTickets.Evaluation",
            "RobustTickets.Pipeline",
            "RobustTickets.Pipeline.Models",
            "RobustTickets.Pipeline.Attacks",
            "RobustTickets.Reports",
            "RobustTickets.Reports.Figures"
        ),
    ];

    public static readonly IReadOnlyList<Layer> Table =
    [
        // The binding knows no kernel, no text and no model.
        new("RobustTickets.Torch.Native", "RobustTickets.Torch"),
        new("RobustTickets.Torch", "RobustTickets.Torch.Native"),
        new("RobustTickets.Torch.nn", "RobustTickets.Torch", "RobustTickets.Torch.Native"),
        new("RobustTickets.Torch.optim", "RobustTickets.Torch", "RobustTickets.Torch.Native", "RobustTickets.Torch.nn"),
        new("RobustTickets.Torch.Distributed", "RobustTickets.Torch", "RobustTickets.Torch.Native"),
        // Kernels, bottom up: what is not a stock operator.
        new("RobustTickets.Kernels", "RobustTickets.Torch", "RobustTickets.Torch.Native"),
        Kernels("Randomness"),
        Kernels("Dense"),
        Kernels("Activation", "Dense"),
        Kernels("Norm", "Dense", "Randomness"),
        Kernels("Attention", "Dense", "Randomness"),
        Kernels("Masks", "Randomness"),
        Kernels("Optim"),
        Kernels("Layers", "Dense", "Activation", "Norm", "Optim", "Randomness"),
        Kernels("Inference", "Dense", "Activation", "Attention"),
        // Text knows no tensor: attacks run against any function. Files know nothing, texts no
        // attack, victims texts alone.
        new("RobustTickets.Attacks.Files"),
        new("RobustTickets.Attacks.Python"),
        new("RobustTickets.Attacks.Texts", "RobustTickets.Attacks.Python"),
        new("RobustTickets.Attacks.Victims", "RobustTickets.Attacks.Texts"),
        new("RobustTickets.Attacks.Tokens", "RobustTickets.Attacks.Files", "RobustTickets.Attacks.Texts"),
        new(
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Texts"
        ),
        new(
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Python",
            "RobustTickets.Attacks.Texts",
            "RobustTickets.Attacks.Victims",
            "RobustTickets.Attacks.Data"
        ),
        new(
            "RobustTickets.Attacks.Metrics",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks.*"
        ),
        // ONNX files: on Attacks alone.
        new("RobustTickets.OnnxRuntime.Files", "RobustTickets.Attacks.Files"),
        new(
            "RobustTickets.OnnxRuntime.Tokens",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Texts",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.OnnxRuntime"
        ),
        new(
            "RobustTickets.OnnxRuntime",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Files",
            "RobustTickets.Attacks.Texts",
            "RobustTickets.Attacks.Victims",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.OnnxRuntime.Files",
            "RobustTickets.OnnxRuntime.Tokens"
        ),
        // What computes on tensors may use kernels.
        .. Library.Select(row => row.Sees.Contains(AllTorch) ? row with { Sees = [.. row.Sees, AllKernels] } : row),
        // The command line may use everything.
        new("RobustTickets.Cli", "RobustTickets.*"),
    ];

    /// <summary>
    /// A folder of kernels: sees the binding, what all kernels share, and folders below.
    /// </summary>
    private static Layer Kernels(string folder, params string[] below) =>
        new(
            $"RobustTickets.Kernels.{folder}",
            [AllTorch, "RobustTickets.Kernels", .. below.Select(name => $"RobustTickets.Kernels.{name}")]
        );
}
