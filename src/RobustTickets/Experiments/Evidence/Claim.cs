// What a paper claims, as tests over cells of tables. A small closed set of kinds; a file of them
// (claims.json) is written before the runs and read as strictly as a recipe.
using System.Text.Json.Serialization;

namespace RobustTickets.Experiments.Evidence;

/// <summary>A quantity of a table's cell.</summary>
internal enum Measure
{
    /// <summary>Accuracy under attack, %.</summary>
    Aua,

    /// <summary>Accuracy without attack, %; compared on the attacked examples where an attack is
    /// named, else by the means of the seeds on the reported rows.</summary>
    Clean,

    /// <summary>Mean queries of an attacked example.</summary>
    Queries,

    /// <summary>Seconds of search and retraining.</summary>
    Seconds,

    /// <summary>Floating-point operations of search and retraining.</summary>
    Flops,

    /// <summary>Parameters without the embedding tables.</summary>
    Parameters,
}

/// <summary>A part of a network that a structured ticket keeps or prunes.</summary>
internal enum TicketPart
{
    /// <summary>Attention heads.</summary>
    Heads,

    /// <summary>FFN neurons.</summary>
    Neurons,
}

/// <summary>Which way a quantity goes.</summary>
internal enum Direction
{
    /// <summary>It grows.</summary>
    Up,

    /// <summary>It falls.</summary>
    Down,
}

/// <summary>Half of the layers.</summary>
internal enum LayerHalf
{
    /// <summary>Those near the input.</summary>
    Lower,

    /// <summary>Those near the output.</summary>
    Upper,
}

/// <summary>A cell of a paper's table or figure.</summary>
/// <param name="Table">The table, as <see cref="Experiment.Reproduces"/> names it.</param>
/// <param name="Row">The method.</param>
/// <param name="Data">The data set.</param>
/// <param name="Attack">The attack; null where none matters.</param>
internal sealed record TableCell(string Table, string Row, string Data, string? Attack = null);

/// <summary>A claim of a paper.</summary>
/// <param name="Id">Its name, unique in its file.</param>
/// <param name="Paper">The paper.</param>
/// <param name="Section">Where it is made.</param>
/// <param name="Sentence">What it says, in our words.</param>
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
    /// <summary>The cells that it reads.</summary>
    public abstract IReadOnlyList<TableCell> Reads();
}

/// <summary>
/// One cell lies above another by more than a margin. Shares are compared on the same examples
/// (the exact test at margin 0, else the 95 % interval of the paired difference), other quantities
/// by the paired interval over seeds, counts in every seed. With several seeds each must agree in
/// sign, or lie on the same side of a margin.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">What is compared.</param>
/// <param name="More">The cell that is claimed to have more.</param>
/// <param name="Than">The cell that it is compared with.</param>
/// <param name="Margin">By how much more, in the measure's unit; negative: at most so much
/// less.</param>
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

/// <summary>Two cells differ by no more than a margin: the 95 % interval of their difference lies
/// within it. Seeds of equal methods fall on both sides, so they are shown and not asked.</summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">What is compared.</param>
/// <param name="First">A cell.</param>
/// <param name="Second">Another.</param>
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

/// <summary>Cells stand in an order, the greatest first: each lies above the next.</summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">What is compared.</param>
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
/// A quantity goes one way along cells: Kendall's tau between place and value, two-sided, exact
/// over all orders of the values.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">What is looked at.</param>
/// <param name="Direction">Which way it goes.</param>
/// <param name="Cells">The cells along the axis; at least five, or no order can be told from
/// chance.</param>
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
/// One cell has so many times as much as another. Counts are no sample: the smallest ratio over
/// seeds must reach it.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Measure">What is compared: seconds, flops, parameters or queries.</param>
/// <param name="More">The cell that is claimed to have more.</param>
/// <param name="Than">The cell that it is compared with.</param>
/// <param name="AtLeast">The ratio.</param>
/// <param name="Protocol">The protocol of which the ratio is said, where another cannot reach it:
/// a ratio missed that no earlier stop could have reached is then no evidence; null for
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
/// Masks of a search have settled by an epoch: from a snapshot up to it on, so many distances
/// between neighbouring snapshots lie below a bound (EarlyRobust 3.3.2).
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Cell">The cell whose search is looked at.</param>
/// <param name="Part">Heads or neurons.</param>
/// <param name="Below">The bound, a share of mask entries.</param>
/// <param name="ByEpoch">The epoch.</param>
/// <param name="Times">How many distances in a row.</param>
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
/// of the difference between both pruned shares.
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Cell">The cell whose tickets are looked at.</param>
/// <param name="Part">Heads or neurons.</param>
/// <param name="MoreIn">The half that loses more.</param>
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

/// <summary>
/// So large a share of the gates of a mask search stands at 0 or 1 when it ends (RobusT 3.2.2).
/// </summary>
/// <param name="Id">See <see cref="Claim"/>.</param>
/// <param name="Paper">See <see cref="Claim"/>.</param>
/// <param name="Section">See <see cref="Claim"/>.</param>
/// <param name="Sentence">See <see cref="Claim"/>.</param>
/// <param name="Cell">The cell whose search is looked at.</param>
/// <param name="AtLeast">The share.</param>
/// <param name="AfterEpochs">Epochs of search of which it is said, so that a shorter one that ends
/// below the share is no evidence; null for any.</param>
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
