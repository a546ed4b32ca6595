// Claims of papers as tests on table cells. A small closed set of kinds; the file (claims.json) is
// written before the runs and read as strictly as a recipe.
using System.Text.Json.Serialization;

namespace RobustTickets.Experiments.Evidence;

/// <summary>A quantity of a table's cell.</summary>
internal enum Measure
{
    /// <summary>Accuracy under attack, %.</summary>
    Aua,

    /// <summary>
    /// Accuracy without attack, %; compared on the attacked examples if an attack is named,
    /// otherwise by the seeds' means on the reported rows.
    /// </summary>
    Clean,

    /// <summary>Mean queries per attacked example.</summary>
    Queries,

    /// <summary>Seconds of search and retraining.</summary>
    Seconds,

    /// <summary>Floating-point operations of search and retraining.</summary>
    Flops,

    /// <summary>Parameters without the embedding tables.</summary>
    Parameters,
}

/// <summary>Kind of part in a structured ticket.</summary>
internal enum TicketPart
{
    /// <summary>Attention heads.</summary>
    Heads,

    /// <summary>FFN neurons.</summary>
    Neurons,
}

/// <summary>Direction of a trend.</summary>
internal enum Direction
{
    /// <summary>Increasing.</summary>
    Up,

    /// <summary>Decreasing.</summary>
    Down,
}

/// <summary>Half of the layers.</summary>
internal enum LayerHalf
{
    /// <summary>The layers near the input.</summary>
    Lower,

    /// <summary>The layers near the output.</summary>
    Upper,
}

/// <summary>A cell of a paper's table or figure.</summary>
/// <param name="Table">The table, as named by <see cref="Experiment.Reproduces"/>.</param>
/// <param name="Row">The method.</param>
/// <param name="Data">The data set.</param>
/// <param name="Attack">The attack; null if not applicable.</param>
internal sealed record TableCell(string Table, string Row, string Data, string? Attack = null);

/// <summary>A claim of a paper.</summary>
/// <param name="Id">Its name, unique in its file.</param>
/// <param name="Paper">The paper.</param>
/// <param name="Section">Section of the paper.</param>
/// <param name="Sentence">The claim in our words.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(DifferenceClaim), "difference")]
[JsonDerivedType(typeof(WithinClaim), "within")]
[JsonDerivedType(typeof(OrderClaim), "order")]
[JsonDerivedType(typeof(TrendClaim), "monotone")]
[JsonDerivedType(typeof(RatioClaim), "ratio")]
[JsonDerivedType(typeof(SettledClaim), "distance-below")]
[JsonDerivedType(typeof(LayersClaim), "layers")]
[JsonDerivedType(typeof(GatesClaim), "settled-gates")]
internal abstract record Claim(string Id, string Paper, string Section, string Sentence)
{
    /// <summary>The cells used by the test.</summary>
    public abstract IReadOnlyList<TableCell> Reads();
}

/// <summary>
/// One cell exceeds another by more than a margin. Proportions are compared on the same examples
/// (exact test at margin 0, otherwise the 95 % interval of the paired difference), other quantities
/// by the paired interval over seeds, counts for every seed. With several seeds, all must agree in
/// sign, or be on the same side of the margin.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">The compared quantity.</param>
/// <param name="More">The cell claimed to be larger.</param>
/// <param name="Than">The cell it is compared with.</param>
/// <param name="Margin">Minimum difference, in the measure's unit; negative: may be smaller by at
/// most this.</param>
internal sealed record DifferenceClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    Measure Measure,
    TableCell More,
    TableCell Than,
    double Margin = 0
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => [More, Than];
}

/// <summary>
/// Two cells differ by at most a margin: the 95 % interval of their difference is within it. Seeds
/// of equal methods differ in sign, so they are shown but need not agree.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">The compared quantity.</param>
/// <param name="First">The first cell.</param>
/// <param name="Second">The second cell.</param>
/// <param name="Margin">The largest difference, in the measure's unit.</param>
internal sealed record WithinClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    Measure Measure,
    TableCell First,
    TableCell Second,
    double Margin
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => [First, Second];
}

/// <summary>Cells are in an order, largest first: each exceeds the next.</summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">The compared quantity.</param>
/// <param name="Cells">The cells in the claimed order.</param>
internal sealed record OrderClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    Measure Measure,
    IReadOnlyList<TableCell> Cells
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => Cells;
}

/// <summary>
/// A quantity has a monotone trend along cells: Kendall's tau between position and value,
/// two-sided, exact over all permutations of the values.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">The quantity.</param>
/// <param name="Direction">The claimed direction.</param>
/// <param name="Cells">The cells along the axis; at least five, otherwise no order can be
/// significant.</param>
internal sealed record TrendClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    Measure Measure,
    Direction Direction,
    IReadOnlyList<TableCell> Cells
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => Cells;
}

/// <summary>
/// One cell has a multiple of another's value. Counts are not samples: the smallest ratio over
/// seeds must reach the claimed one.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">The compared quantity: seconds, flops, parameters or queries.</param>
/// <param name="More">The cell claimed to be larger.</param>
/// <param name="Than">The cell it is compared with.</param>
/// <param name="AtLeast">The claimed ratio.</param>
/// <param name="Protocol">The protocol the ratio refers to, if other protocols cannot reach it:
/// missing a ratio that even the earliest stop could not reach is then no evidence; null for
/// any.</param>
internal sealed record RatioClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    Measure Measure,
    TableCell More,
    TableCell Than,
    double AtLeast,
    string? Protocol = null
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => [More, Than];
}

/// <summary>
/// The masks of a search settle by an epoch: starting at a snapshot no later than it, a number of
/// consecutive mask distances are below a bound (EarlyRobust 3.3.2).
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Cell">The cell with the search.</param>
/// <param name="Part">Heads or neurons.</param>
/// <param name="Below">The bound, a fraction of mask entries.</param>
/// <param name="ByEpoch">The epoch.</param>
/// <param name="Times">Number of consecutive distances.</param>
internal sealed record SettledClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    TableCell Cell,
    TicketPart Part,
    double Below,
    double ByEpoch,
    int Times = 5
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => [Cell];
}

/// <summary>
/// Tickets prune more of one half of the layers than of the other: the paired interval over seeds
/// of the difference between the pruned fractions.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Cell">The cell with the tickets.</param>
/// <param name="Part">Heads or neurons.</param>
/// <param name="MoreIn">The half that is pruned more.</param>
internal sealed record LayersClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    TableCell Cell,
    TicketPart Part,
    LayerHalf MoreIn
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => [Cell];
}

/// <summary>A fraction of a mask search's gates is at 0 or 1 at its end (RobusT 3.2.2).</summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Cell">The cell with the search.</param>
/// <param name="AtLeast">The claimed fraction.</param>
/// <param name="AfterEpochs">Length of the search the claim refers to, so that a shorter one that
/// ends below the fraction is no evidence; null for any.</param>
internal sealed record GatesClaim(
    string Id,
    string Paper,
    string Section,
    string Sentence,
    TableCell Cell,
    double AtLeast,
    double? AfterEpochs = null
) : Claim(Id, Paper, Section, Sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<TableCell> Reads() => [Cell];
}
