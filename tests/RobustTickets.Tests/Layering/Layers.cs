// The table of layers: which room may see which. A room is a folder:
// `src/RobustTickets/Tickets/Files` is RobustTickets.Tickets.Files, whatever namespace its files
// are in. Projects forbid what they can by their references; every other border is a row here. A
// room below a row belongs to it unless it has a row of its own; one without a row fails the test
// (docs/decisions/003-rooms.md).
namespace RobustTickets.Tests.Layering;

/// <summary>A room and the rooms its code may name (itself is always allowed).</summary>
/// <param name="Name">The room.</param>
/// <param name="Sees">Rooms it may use; each stands for itself only unless it ends in
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
        new("RobustTickets.Runs", "RobustTickets.Attacks"),
        // Of Attacks, models take the error of a request alone.
        new("RobustTickets.Models", AllTorch, "RobustTickets.Attacks"),
        new(
            "RobustTickets.Checkpoints",
            AllTorch,
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.Models"
        ),
        new("RobustTickets.Tickets", AllTorch, "RobustTickets.Models", "RobustTickets.Checkpoints"),
        new("RobustTickets.Objectives", AllTorch, "RobustTickets.Models"),
        new("RobustTickets.Evaluation", AllTorch, AllText, "RobustTickets.Models", "RobustTickets.Checkpoints"),
        new("RobustTickets.Tickets.Files", AllTorch, "RobustTickets.*"),
        new("RobustTickets.Training", AllTorch, "RobustTickets.*"),
        new("RobustTickets.Searches", AllTorch, "RobustTickets.*"),
        new("RobustTickets.Recipes", AllTorch, "RobustTickets.*"),
        new("RobustTickets.Pipeline", AllTorch, "RobustTickets.*"),
        new(
            "RobustTickets.Pretraining",
            AllTorch,
            AllText,
            "RobustTickets.Models",
            "RobustTickets.Checkpoints",
            "RobustTickets.Training"
        ),
        // Reports read run folders only; of Attacks they take the interval of a share and the
        // exception for broken files.
        new("RobustTickets.Reports", "RobustTickets.Runs", "RobustTickets.Attacks", "RobustTickets.Attacks.Metrics"),
        new(
            "RobustTickets.Export",
            AllTorch,
            AllText,
            "RobustTickets.Models",
            "RobustTickets.Tickets",
            "RobustTickets.Checkpoints"
        ),
        new(
            "RobustTickets.Experiments",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks.Metrics",
            "RobustTickets.Checkpoints",
            "RobustTickets.Pipeline",
            "RobustTickets.Recipes",
            "RobustTickets.Reports",
            "RobustTickets.Runs"
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
        // Text knows no tensor: attacks run against any function.
        new("RobustTickets.Attacks.Tokens", "RobustTickets.Attacks"),
        new("RobustTickets.Attacks.Data", "RobustTickets.Attacks"),
        new("RobustTickets.Attacks", "RobustTickets.Attacks.Data", "RobustTickets.Attacks.Python"),
        new("RobustTickets.Attacks.Python"),
        new(
            "RobustTickets.Attacks.Metrics",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks.*"
        ),
        // What computes on tensors may use kernels.
        .. Library.Select(row => row.Sees.Contains(AllTorch) ? row with { Sees = [.. row.Sees, AllKernels] } : row),
        // The command line may use everything.
        new("RobustTickets.Cli", "RobustTickets.*"),
    ];

    /// <summary>
    /// A room of kernels: sees the binding, what all kernels share, and rooms below.
    /// </summary>
    private static Layer Kernels(string room, params string[] below) =>
        new(
            $"RobustTickets.Kernels.{room}",
            [AllTorch, "RobustTickets.Kernels", .. below.Select(name => $"RobustTickets.Kernels.{name}")]
        );
}
