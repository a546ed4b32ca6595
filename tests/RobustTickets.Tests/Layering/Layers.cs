// The table of layers: which namespace may see which. Projects forbid what they can by their
// references; every other border is a row here. A namespace below a row belongs to it unless it has
// a row of its own. A namespace without a row fails the test, so a new one is a decision somebody
// writes down. `docs/decisions/` says why the borders stand where they do.
namespace RobustTickets.Tests.Layering;

/// <summary>A namespace and the namespaces its code may name (itself is always allowed).</summary>
/// <param name="Name">The namespace.</param>
/// <param name="Sees">Namespaces it may use; each stands for itself only unless it ends in
/// <c>.*</c>, which takes in all below it.</param>
internal sealed record Layer(string Name, params string[] Sees);

internal static class Layers
{
    private const string AllTorch = "RobustTickets.Torch.*";
    private const string AllText = "RobustTickets.Attacks.*";

    public static readonly IReadOnlyList<Layer> Table =
    [
        // The binding knows no text and no model.
        new("RobustTickets.Torch.Native", "RobustTickets.Torch"),
        new("RobustTickets.Torch", "RobustTickets.Torch.Native", "RobustTickets.Torch.Kernels"),
        new("RobustTickets.Torch.Kernels", "RobustTickets.Torch", "RobustTickets.Torch.Native"),
        new(
            "RobustTickets.Torch.nn",
            "RobustTickets.Torch",
            "RobustTickets.Torch.Native",
            "RobustTickets.Torch.Kernels"
        ),
        new(
            "RobustTickets.Torch.optim",
            "RobustTickets.Torch",
            "RobustTickets.Torch.Native",
            "RobustTickets.Torch.Kernels",
            "RobustTickets.Torch.nn"
        ),
        new("RobustTickets.Torch.Distributed", "RobustTickets.Torch", "RobustTickets.Torch.Native"),
        // Text knows no tensor: attacks run against any function.
        new("RobustTickets.Attacks"),
        new("RobustTickets.Attacks.Tokens", "RobustTickets.Attacks"),
        new("RobustTickets.Attacks.Data", "RobustTickets.Attacks"),
        new(
            "RobustTickets.Attacks",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks.Python"
        ),
        new("RobustTickets.Attacks.Python"),
        new("RobustTickets.Attacks.Recipes", "RobustTickets.Attacks", "RobustTickets.Attacks"),
        new("RobustTickets.Attacks.Demo", "RobustTickets.Attacks"),
        new(
            "RobustTickets.Attacks.Metrics",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Attacks.*"
        ),
        // The library, bottom up.
        new("RobustTickets.Runs", "RobustTickets.Attacks"),
        new(
            "RobustTickets.Checkpoints",
            AllTorch,
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.Runs"
        ),
        new("RobustTickets.Models", AllTorch, AllText, "RobustTickets.Checkpoints"),
        new("RobustTickets.Tickets", AllTorch, "RobustTickets.Models", "RobustTickets.Checkpoints"),
        new("RobustTickets.Objectives", AllTorch, "RobustTickets.Models"),
        new(
            "RobustTickets.Training",
            AllTorch,
            AllText,
            "RobustTickets.Models",
            "RobustTickets.Objectives",
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs"
        ),
        new(
            "RobustTickets.Evaluation",
            AllTorch,
            AllText,
            "RobustTickets.Models",
            "RobustTickets.Checkpoints",
            "RobustTickets.Runs"
        ),
        new(
            "RobustTickets.Export",
            AllTorch,
            AllText,
            "RobustTickets.Models",
            "RobustTickets.Tickets",
            "RobustTickets.Checkpoints"
        ),
        new(
            "RobustTickets.Pretraining",
            AllTorch,
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Tokens",
            "RobustTickets.Models",
            "RobustTickets.Checkpoints",
            "RobustTickets.Training"
        ),
        // Reports read run folders only; of Text they take nothing but the exception for broken
        // files.
        new("RobustTickets.Reports", "RobustTickets.Runs", "RobustTickets.Attacks"),
        new(
            "RobustTickets.Recipes",
            AllTorch,
            AllText,
            "RobustTickets.Runs",
            "RobustTickets.Checkpoints",
            "RobustTickets.Models",
            "RobustTickets.Tickets",
            "RobustTickets.Objectives",
            "RobustTickets.Training",
            "RobustTickets.Evaluation"
        ),
        // Experiments are above the run: they plan runs from recipes and read finished ones as
        // reports do.
        new(
            "RobustTickets.Experiments",
            "RobustTickets.Attacks",
            "RobustTickets.Attacks.Data",
            "RobustTickets.Checkpoints",
            "RobustTickets.Recipes",
            "RobustTickets.Reports",
            "RobustTickets.Runs"
        ),
        // The command line may use everything.
        new("RobustTickets.Cli", "RobustTickets.*"),
    ];
}
