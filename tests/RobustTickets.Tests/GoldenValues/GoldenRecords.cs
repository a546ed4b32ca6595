using RobustTickets.Testing;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>
/// Coefficients [layers, steps, units] recorded by searches, or made up (folder g4_masks), by the
/// name that other golden files use.
/// </summary>
internal sealed class GoldenRecords
{
    private readonly GoldenTensors _file;
    private readonly string _prefix,
        _heads,
        _neurons;

    private GoldenRecords(GoldenTensors file, string prefix, string heads, string neurons) =>
        (_file, _prefix, _heads, _neurons) = (file, prefix, heads, neurons);

    /// <summary>Recorded steps.</summary>
    public int Steps => _file.Shape(_prefix + _heads)[1];

    /// <summary>
    /// The records of a name: made-up ones of <paramref name="matrices"/>, else those of a search.
    /// </summary>
    public static GoldenRecords Open(string name, GoldenTensors? matrices) =>
        matrices is not null && matrices.Contains($"records.{name}.self")
            ? new GoldenRecords(matrices, $"records.{name}.", "self", "inter")
            : new GoldenRecords(
                GoldenTensors.Open(Golden.Required("g3_search", name, "run.safetensors")),
                "",
                "self_coef",
                "inter_coef"
            );

    /// <summary>Head coefficients of a record, per layer.</summary>
    public float[][] Heads(int step) => At(_file, _prefix + _heads, step);

    /// <summary>Neuron coefficients of a record, per layer.</summary>
    public float[][] Neurons(int step) => At(_file, _prefix + _neurons, step);

    /// <summary>Record <paramref name="step"/> of a tensor [layers, steps, units].</summary>
    public static float[][] At(GoldenTensors file, string tensor, int step)
    {
        var shape = file.Shape(tensor);
        var values = file.Floats(tensor);
        return
        [
            .. Enumerable
                .Range(0, shape[0])
                .Select(layer => values.AsSpan(((layer * shape[1]) + step) * shape[2], shape[2]).ToArray()),
        ];
    }
}
