// All printed text passes through here, so that control characters in files, labels or model names
// cannot move the cursor or change the text direction of a terminal.
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Terminal;

/// <summary>Escapes control characters and bidirectional controls.</summary>
/// <param name="inner">The wrapped writer.</param>
internal sealed class VisibleWriter(TextWriter inner) : TextWriter(inner.FormatProvider)
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <summary>Wraps a writer, unless already wrapped.</summary>
    public static TextWriter Around(TextWriter writer) => writer as VisibleWriter ?? new VisibleWriter(writer);

    /// <summary>The wrapped writer, for the program's own colours and cursor movements.</summary>
    public static TextWriter Raw(TextWriter writer) => writer is VisibleWriter guarded ? guarded.Inner : writer;

    /// <inheritdoc/>
    public override void Write(char value)
    {
        if (VisibleText.IsHidden(value))
            inner.Write(VisibleText.Escape(value));
        else
            inner.Write(value);
    }

    /// <inheritdoc/>
    public override void Write(string? value) => inner.Write(VisibleText.Of(value ?? ""));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    /// <inheritdoc/>
    public override void WriteLine() => inner.WriteLine();

    // One write per line: lines of several threads do not mix.
    /// <inheritdoc/>
    public override void WriteLine(string? value) => inner.WriteLine(VisibleText.Of(value ?? ""));

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    private TextWriter Inner => inner;
}
