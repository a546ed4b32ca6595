// Kept fractions of a ticket by layer and part, in one grid for tickets of heads and neurons
// (EarlyRobust Figure 5) and of single weights (RobusT Figure 3). A head's fraction of weights
// covers its rows of query, key and value; MLP covers both FFN matrices.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Reports;

/// <summary>Kept fractions, layer by layer.</summary>
/// <param name="Columns">Names of the parts: heads first.</param>
/// <param name="Heads">Number of columns that are heads.</param>
/// <param name="Kept">Kept fraction in [0, 1], one row per layer from the first, one value per
/// column.</param>
internal sealed record TicketGrid(IReadOnlyList<string> Columns, int Heads, IReadOnlyList<IReadOnlyList<double>> Kept)
{
    /// <summary>
    /// The grid of a run's ticket; null without a ticket, or if ticket.json lacks the numbers.
    /// </summary>
    public static TicketGrid? Of(RunRecord run)
    {
        if (run.WeightTicket is { } weights)
            return Weights(weights);
        if (run.Ticket is not { } ticket)
            return null;
        var (heads, neurons) = (run.Result.Model.Heads, run.Result.Model.Intermediate);
        return new TicketGrid(
            [.. Names(heads), "neurons"],
            heads,
            [
                .. ticket.HeadsKept.Select(
                    (kept, l) =>
                        (IReadOnlyList<double>)
                            [
                                .. Enumerable.Range(0, heads).Select(h => kept.Contains(h) ? 1.0 : 0.0),
                                (double)ticket.NeuronsKept[l].Count / neurons,
                            ]
                ),
            ]
        );
    }

    /// <summary>
    /// The mean of grids of the same shape: for heads, how often each is kept. Grids of another
    /// shape than the first are ignored.
    /// </summary>
    public static TicketGrid Mean(IReadOnlyList<TicketGrid> grids)
    {
        var first = grids[0];
        var same = grids
            .Where(g => g.Columns.SequenceEqual(first.Columns) && g.Kept.Count == first.Kept.Count)
            .ToArray();
        return first with
        {
            Kept =
            [
                .. first.Kept.Select(
                    (row, l) => (IReadOnlyList<double>)[.. row.Select((_, c) => same.Average(g => g.Kept[l][c]))]
                ),
            ],
        };
    }

    private static TicketGrid Weights(WeightTicketRecord ticket)
    {
        string[] kinds = [.. ticket.Matrices.Where(m => m.Layer == 0).Select(m => m.Kind)];
        var heads = ticket.HeadsKept.Count == 0 ? 0 : ticket.HeadsKept[0].Count;
        return new TicketGrid(
            [.. Names(heads), "MLP", .. kinds],
            heads,
            [
                .. ticket
                    .Matrices.Where(m => m.Layer is not null)
                    .GroupBy(m => m.Layer!.Value)
                    .OrderBy(g => g.Key)
                    .Select(layer =>
                    {
                        var projections = layer.Where(m => m.Kind is "query" or "key" or "value").Sum(m => m.Count);
                        var mlp = layer.Where(m => m.Kind is "intermediate" or "output").ToArray();
                        return (IReadOnlyList<double>)
                            [
                                .. Enumerable
                                    .Range(0, heads)
                                    .Select(h => (double)ticket.HeadsKept[layer.Key][h] * heads / projections),
                                (double)mlp.Sum(m => m.Kept) / mlp.Sum(m => m.Count),
                                .. layer.Select(m => (double)m.Kept / m.Count),
                            ];
                    }),
            ]
        );
    }

    private static IEnumerable<string> Names(int heads) => Enumerable.Range(0, heads).Select(h => $"head {h}");
}

/// <summary>A ticket of single weights, read from <c>ticket/ticket.json</c>.</summary>
/// <param name="Matrices">Its matrices in the order of the forward pass.</param>
/// <param name="HeadsKept">Weights kept in the query, key and value rows of each head, per layer;
/// empty in tickets of earlier versions.</param>
public sealed record WeightTicketRecord(
    IReadOnlyList<WeightMatrixRecord> Matrices,
    IReadOnlyList<IReadOnlyList<long>> HeadsKept
)
{
    /// <summary>
    /// Reads a <c>ticket.json</c>; null if it is missing, or of heads and neurons.
    /// </summary>
    /// <exception cref="DataException">The file is marked as such a ticket but does not contain
    /// one.</exception>
    public static WeightTicketRecord? LoadIfPresent(string file)
    {
        if (!File.Exists(file))
            return null;
        var json = JsonFacts.Read(file);
        if (
            json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("kind", out var kind)
            || kind.ToString() != "weights"
        )
            return null;
        try
        {
            var matrices = json.GetProperty("matrices")
                .EnumerateArray()
                .Select(m => new WeightMatrixRecord(
                    m.GetProperty("name").GetString()!,
                    m.GetProperty("rows").GetInt64() * m.GetProperty("columns").GetInt64(),
                    m.GetProperty("kept").GetInt64()
                ))
                .ToArray();
            var heads = json.TryGetProperty("head_weights_kept", out var kept)
                ? kept.EnumerateArray().Select(l => l.EnumerateArray().Select(n => n.GetInt64()).ToArray()).ToArray()
                : [];
            return new WeightTicketRecord(matrices, heads);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new DataException($"{file}: expected matrices with name, rows, columns and kept ({e.Message})", e);
        }
    }
}

/// <summary>One matrix under the mask.</summary>
/// <param name="Name">Name of its layer in the checkpoint, e.g.
/// <c>bert.encoder.layer.3.attention.self.query</c>.</param>
/// <param name="Count">Number of weights.</param>
/// <param name="Kept">Number of kept weights.</param>
public sealed record WeightMatrixRecord(string Name, long Count, long Kept)
{
    private const string Before = ".layer.";

    /// <summary>Layer from 0; null for the pooler.</summary>
    public int? Layer => Parts is { } p ? int.Parse(p.Layer, System.Globalization.CultureInfo.InvariantCulture) : null;

    /// <summary>
    /// Kind of matrix: <c>query</c>, <c>key</c>, <c>value</c>, <c>attention-output</c>,
    /// <c>intermediate</c>, <c>output</c> or <c>pooler</c>, as in <c>ticket show</c>.
    /// </summary>
    public string Kind =>
        (Parts?.Place ?? Name[(Name.IndexOf('.') + 1)..]).Replace(".dense", "") is var place
        && place.Split('.') is [.., "query" or "key" or "value"] parts
            ? parts[^1]
            : place.Replace('.', '-');

    private (string Layer, string Place)? Parts
    {
        get
        {
            var at = Name.IndexOf(Before, StringComparison.Ordinal);
            if (at < 0)
                return null;
            var rest = Name[(at + Before.Length)..];
            var dot = rest.IndexOf('.');
            return (rest[..dot], rest[(dot + 1)..]);
        }
    }
}
