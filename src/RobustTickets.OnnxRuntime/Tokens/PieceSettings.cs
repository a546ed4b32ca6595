using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;

namespace RobustTickets.OnnxRuntime.Tokens;

/// <summary>
/// The settings in <c>tokenizer_config.json</c> of a tokenizer that is not WordPiece. Settings that
/// would change tokens and are not supported are rejected by name.
/// </summary>
/// <param name="MaxLength">Maximum number of tokens, special tokens included; null if
/// unknown.</param>
/// <param name="AddPrefixSpace">Whether a text is read as if it began with a blank; null if not
/// given.</param>
internal sealed record PieceSettings(int? MaxLength, bool? AddPrefixSpace)
{
    private const string FileName = "tokenizer_config.json";

    /// <summary>Reads the settings of a folder; a missing file has none.</summary>
    /// <param name="folder">The tokenizer's folder.</param>
    /// <param name="unsupported">Settings that are rejected, with the rejected value.</param>
    /// <exception cref="DataException">The file is malformed, or a setting is not
    /// supported.</exception>
    public static PieceSettings Read(string folder, params ReadOnlySpan<(string Name, bool Value)> unsupported)
    {
        var path = Path.Combine(folder, FileName);
        using var document = TokenizerFolder.Open(path);
        var root = document?.RootElement;
        TokenizerFolder.RequireRightTruncation(path, root);
        foreach (var (name, value) in unsupported)
        {
            if (TokenizerFolder.Bool(path, root, name) == value)
                throw new DataException(
                    $"{path}: {name} is {(value ? "true" : "false")}; only {(value ? "false" : "true")} is supported "
                        + "for this tokenizer"
                );
        }
        return new PieceSettings(
            TokenizerFolder.GivenLength(path, root),
            TokenizerFolder.Bool(path, root, "add_prefix_space")
        );
    }
}
