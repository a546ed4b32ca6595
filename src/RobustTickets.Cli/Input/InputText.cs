using System.Text.Json.Nodes;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Input;

/// <summary>One row of input.</summary>
/// <param name="Line">Its first line, from 1.</param>
/// <param name="Text">The text, or pair.</param>
/// <param name="Others">Its other fields, in order.</param>
internal readonly record struct InputText(
    int Line,
    TextPair Text,
    IReadOnlyList<KeyValuePair<string, JsonNode?>> Others
);

/// <summary>Rows of a stream, one at a time.</summary>
internal abstract class InputRows
{
    /// <summary>Whether reading the next row would block.</summary>
    public abstract bool MayWait { get; }

    /// <summary>Whether the rows have a header; known after <see cref="Begin"/>.</summary>
    public virtual bool HasHeader => false;

    /// <summary>Reads the header.</summary>
    /// <exception cref="DataException">The header lacks a required column.</exception>
    public virtual void Begin() { }

    /// <summary>The next row; null at the end.</summary>
    /// <exception cref="DataException">The row is malformed; file and line are named, and the next
    /// call continues after it.</exception>
    public abstract InputText? Next();
}
