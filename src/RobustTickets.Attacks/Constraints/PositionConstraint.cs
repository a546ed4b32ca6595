// Constraints on where an edit may happen (TextAttack `PreTransformationConstraint`).

using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Constraints;

/// <summary>A constraint on the word positions that may change.</summary>
public abstract record PositionConstraint
{
    /// <summary>Short name in settings and rejection counts.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether a rejected position stays rejected for the rest of an attack, as long as every edit
    /// replaces one word by one word. The engine then skips queries about such positions.
    /// </summary>
    public virtual bool IsMonotone => false;

    /// <summary>Whether the word at the position may change.</summary>
    public abstract bool Allows(AttackedText current, int position);

    /// <summary>
    /// The allowed positions as the set object that TextAttack builds; it differs from a list only
    /// in iteration order.
    /// </summary>
    internal virtual PythonIntSet AllowedSet(AttackedText current)
    {
        ArgumentNullException.ThrowIfNull(current);
        var set = new PythonIntSet();
        for (var i = 0; i < current.WordArray.Length; i++)
        {
            if (Allows(current, i))
                set.Add(i);
        }
        return set;
    }
}

/// <summary>A word may change only once.</summary>
public sealed record NoRepeat : PositionConstraint
{
    /// <inheritdoc/>
    public override string Name => "no-repeat";

    /// <inheritdoc/>
    public override bool IsMonotone => true;

    /// <inheritdoc/>
    public override bool Allows(AttackedText current, int position)
    {
        ArgumentNullException.ThrowIfNull(current);
        return Array.BinarySearch((int[])current.Modified, position) < 0;
    }
}

/// <summary>
/// Stop words may not change. The match is exact and case-sensitive ("The" may change), as in
/// TextAttack.
/// </summary>
/// <param name="Words">The stop words.</param>
public sealed record NoStopWords(StopWords Words) : PositionConstraint
{
    /// <inheritdoc/>
    public override string Name => "stop-words";

    /// <inheritdoc/>
    public override bool IsMonotone => true;

    /// <inheritdoc/>
    public override bool Allows(AttackedText current, int position)
    {
        ArgumentNullException.ThrowIfNull(current);
        return !Words.Contains(current.WordArray[position]);
    }
}

/// <summary>Freezes one column (e.g. a premise) of texts with exactly the given columns.</summary>
/// <param name="Columns">Names of all columns, in order, to which the rule applies.</param>
/// <param name="Frozen">The column that may not change.</param>
public sealed record FrozenColumn(IReadOnlyList<string> Columns, string Frozen) : PositionConstraint
{
    /// <inheritdoc/>
    public override string Name => $"frozen-{Frozen}";

    /// <inheritdoc/>
    public override bool IsMonotone => true;

    /// <inheritdoc/>
    public override bool Allows(AttackedText current, int position)
    {
        ArgumentNullException.ThrowIfNull(current);
        if (!current.ColumnNames.SequenceEqual(Columns))
            return true;
        var counts = current.WordsPerColumn();
        var column = 0;
        for (var end = counts[0]; position >= end && column + 1 < counts.Length; )
            end += counts[++column];
        return current.ColumnNames[column] != Frozen;
    }

    /// <inheritdoc/>
    internal override PythonIntSet AllowedSet(AttackedText current)
    {
        ArgumentNullException.ThrowIfNull(current);
        if (!current.ColumnNames.SequenceEqual(Columns))
            return PythonIntSet.Range(0, current.WordArray.Length);
        var counts = current.WordsPerColumn();
        var set = new PythonIntSet();
        var start = 0;
        for (var c = 0; c < counts.Length; c++)
        {
            if (current.ColumnNames[c] != Frozen)
                set.UnionWith(PythonIntSet.Range(start, start + counts[c]));
            start += counts[c];
        }
        return set;
    }
}

/// <summary>
/// Once max(ceil(words x rate), minimum) positions have changed, no other may change.
/// </summary>
/// <param name="Rate">Fraction of the current text's words.</param>
/// <param name="Minimum">Number of changes that are always allowed.</param>
public sealed record MaxModificationRate(double Rate, int Minimum) : PositionConstraint
{
    /// <inheritdoc/>
    public override string Name => "max-modification-rate";

    /// <inheritdoc/>
    public override bool IsMonotone => true;

    /// <inheritdoc/>
    public override bool Allows(AttackedText current, int position)
    {
        ArgumentNullException.ThrowIfNull(current);
        var limit = Math.Max((int)Math.Ceiling(current.WordArray.Length * Rate), Minimum);
        return current.Modified.Count < limit;
    }
}
