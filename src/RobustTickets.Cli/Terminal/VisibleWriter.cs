// Every text that the program prints passes through here, so that no file, label or model name can
// move the cursor or turn the reading direction of a terminal.
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Terminal;

/// <summary>Writes control characters and bidirectional controls as escapes.</summary>
/// <param name="inner">Where to.</param>
internal sealed class VisibleWriter(TextWriter inner) : TextWriter(inner.FormatProvider)
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <summary>Guards a writer, once.</summary>
    public static TextWriter Around(TextWriter writer) => writer as VisibleWriter ?? new VisibleWriter(writer);

    /// <summary>
    /// The writer behind the guard, for the program's own colours and cursor movements.
    /// </summary>
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

    // One call a line: lines of several threads do not mix.
    /// <inheritdoc/>
    public override void WriteLine(string? value) => inner.WriteLine(VisibleText.Of(value ?? ""));

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    private TextWriter Inner => inner;
}
