using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Tickets.Files;

/// <summary>The coefficients recorded at the end of mini-epochs, in order.</summary>
internal sealed class SnapshotList
{
    private readonly List<(long Step, CoefficientSnapshot Coefficients)> _items = [];

    /// <summary>Steps and coefficients in order.</summary>
    public IReadOnlyList<(long Step, CoefficientSnapshot Coefficients)> Items => _items;

    /// <summary>Appends a snapshot.</summary>
    public void Add(long step, CoefficientSnapshot coefficients) => _items.Add((step, coefficients));

    /// <summary>The masks that the draw rule draws from the snapshots.</summary>
    public StructuredMask[] Masks(DrawOptions options) =>
        _items.Select(i => DrawRule.Draw(i.Coefficients, options)).ToArray();

    /// <summary>
    /// Writes <c>heads</c> [G, L, heads], <c>neurons</c> [G, L, neurons] and <c>steps</c> [G].
    /// </summary>
    public void Write(string path)
    {
        long g = _items.Count;
        var (layers, heads, neurons) =
            g == 0
                ? (0L, 0L, 0L)
                : (
                    _items[0].Coefficients.Heads.Length,
                    _items[0].Coefficients.Heads.Max(l => l.Length),
                    (long)_items[0].Coefficients.Neurons.Max(l => l.Length)
                );
        SafetensorsWriter.Write(
            path,
            [
                NamedTensor.FromFloats("heads", [g, layers, heads], Flatten(i => i.Heads)),
                NamedTensor.FromFloats("neurons", [g, layers, neurons], Flatten(i => i.Neurons)),
                NamedTensor.FromLongs("steps", [g], _items.Select(i => i.Step).ToArray()),
            ]
        );
    }

    /// <summary>Reads a file written by <see cref="Write"/>.</summary>
    public static SnapshotList Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var list = new SnapshotList();
        var steps = file.ReadLongs("steps");
        var heads = Rows(file, "heads");
        var neurons = Rows(file, "neurons");
        for (var g = 0; g < steps.Length; g++)
            list.Add(steps[g], new CoefficientSnapshot(heads(g), neurons(g)));
        return list;
    }

    /// <summary>
    /// Pairwise mask distances of the snapshots for the report's figure: matrices of steps, heads
    /// and neurons.
    /// </summary>
    public JsonObject Distances(DrawOptions options)
    {
        var masks = Masks(options);
        var all = masks.Select(a => masks.Select(b => MaskDistance.Between(a, b)).ToArray()).ToArray();
        return new JsonObject
        {
            ["steps"] = new JsonArray([.. _items.Select(i => (JsonNode)i.Step)]),
            ["heads"] = Matrix(d => d.Heads),
            ["neurons"] = Matrix(d => d.Neurons),
        };

        JsonArray Matrix(Func<MaskDistance, double> pick) =>
            new([.. all.Select(row => new JsonArray([.. row.Select(d => (JsonNode)pick(d))]))]);
    }

    private float[] Flatten(Func<CoefficientSnapshot, float[][]> pick) =>
        _items.SelectMany(i => pick(i.Coefficients).SelectMany(layer => layer)).ToArray();

    private static Func<int, float[][]> Rows(SafetensorsFile file, string name)
    {
        var shape = file.Info(name).Shape;
        var values = file.ReadFloats(name);
        return g =>
            Enumerable
                .Range(0, (int)shape[1])
                .Select(l => values.AsSpan((int)(((g * shape[1]) + l) * shape[2]), (int)shape[2]).ToArray())
                .ToArray();
    }
}
