using System.Text.Json.Nodes;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Input;

/// <summary>One row of input.</summary>
/// <param name="Line">The line on which it begins, from 1.</param>
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
    /// <summary>Whether the next row would have to be waited for.</summary>
    public abstract bool MayWait { get; }

    /// <summary>Whether a header stands before the rows; known when they were begun.</summary>
    public virtual bool HasHeader => false;

    /// <summary>Reads what stands before the rows.</summary>
    /// <exception cref="DataException">It does not name the columns wanted.</exception>
    public virtual void Begin() { }

    /// <summary>The next row; null at the end.</summary>
    /// <exception cref="DataException">The row is malformed; place and line are named, and the next
    /// call goes on behind it.</exception>
    public abstract InputText? Next();
}
