// tokenizer_config.json of an export. Without it, other programs assume 512 tokens whatever the
// number of positions; run folders and base models are not changed, so their hashes stay.
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;

namespace RobustTickets.Export;

/// <summary>Completes the tokenizer files of an export.</summary>
internal static class TokenizerConfig
{
    /// <summary>
    /// <c>tokenizer_config.json</c> for a model folder that has none; empty if it has one, or no
    /// tokenizer at all.
    /// </summary>
    /// <param name="source">Hugging Face folder.</param>
    /// <exception cref="Attacks.DataException">The tokenizer cannot be read.</exception>
    public static IReadOnlyList<ExtraFile> Missing(string source)
    {
        bool Has(string name) => File.Exists(Path.Combine(source, name));
        return Has(TokenizerFolder.ConfigFile) || !(Has("vocab.txt") || Has("tokenizer.json"))
            ? []
            : [new ExtraFile(TokenizerFolder.ConfigFile, TokenizerFolder.ConfigText(WordPieceTokenizer.Load(source)))];
    }
}
