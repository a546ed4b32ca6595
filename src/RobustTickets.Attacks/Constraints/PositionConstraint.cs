// Constraints on where an edit may happen (TextAttack `PreTransformationConstraint`).

using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Constraints;

/// <summary>Says which word positions of the current text may change.</summary>
public abstract record PositionConstraint
{
    /// <summary>Short name for settings and rejection counts.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// True when a position once refused stays refused for the rest of an attack, as long as every
    /// edit replaces one word by one word. Lets the engine skip
    /// queries about such positions.
    /// </summary>
    public virtual bool IsMonotone => false;

    /// <summary>True when the word at the position may change.</summary>
    public abstract bool Allows(AttackedText current, int position);

    /// <summary>
    /// The allowed positions as the set object TextAttack builds; only its iteration order differs
    /// from a plain list.
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

/// <summary>A position that was changed before stays as it is.</summary>
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
/// Stop words stay. The match is exact and case-sensitive ("The" may change), as in TextAttack.
/// </summary>
/// <param name="Words">The list.</param>
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

/// <summary>
/// Freezes one column when the text's columns are exactly the named ones (a premise, say).
/// </summary>
/// <param name="Columns">The columns' names, all and in order, that the rule needs.</param>
/// <param name="Frozen">The column that stays.</param>
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
/// Once max(ceil(words x rate), minimum) positions are changed, none may change any more.
/// </summary>
/// <param name="Rate">Share of the current text's words.</param>
/// <param name="Minimum">Changes that are always allowed.</param>
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
