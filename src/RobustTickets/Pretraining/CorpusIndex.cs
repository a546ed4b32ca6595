// Index of a corpus, made in one pass so that training can start anywhere in it: number and lengths
// of examples, and the start of each window. Its size is independent of the text except for one
// entry per window.
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;

namespace RobustTickets.Pretraining;

/// <summary>Index of a corpus, without its text.</summary>
/// <param name="Files">Its files, in order.</param>
/// <param name="Tokenizer">Hash of the tokenizer's vocabulary and settings.</param>
/// <param name="MaxLength">Maximum sequence length.</param>
/// <param name="Window">Examples per window.</param>
/// <param name="Examples">Number of examples in all files.</param>
/// <param name="Tokens">Number of tokens in all examples, special tokens included.</param>
/// <param name="Lengths">Histogram of example lengths in tokens, from 0.</param>
/// <param name="Windows">Start of each window.</param>
internal sealed record CorpusIndex(
    IReadOnlyList<CorpusFile> Files,
    string Tokenizer,
    int MaxLength,
    int Window,
    long Examples,
    long Tokens,
    IReadOnlyList<long> Lengths,
    IReadOnlyList<CorpusPosition> Windows
)
{
    /// <summary>Hash of everything that determines the examples.</summary>
    public string Hash => Digest([Tokenizer, $"{MaxLength} {Window}", .. Files.Select(f => f.Sha256)]);

    /// <summary>Reads a corpus once and indexes it.</summary>
    /// <param name="files">Its files.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="maxLength">Maximum sequence length.</param>
    /// <param name="window">Examples per window.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">A file cannot be read, or there is no text.</exception>
    public static CorpusIndex Of(
        IReadOnlyList<string> files,
        WordPieceTokenizer tokenizer,
        int maxLength,
        int window,
        CancellationToken stop
    )
    {
        var (examples, tokens, lengths, windows) = (0L, 0L, new long[maxLength + 1], new List<CorpusPosition>());
        var fingerprints = new List<CorpusFile>(files.Count);
        using (var reader = new CorpusReader(files, tokenizer, maxLength, read: fingerprints))
        {
            var ids = new List<int>(maxLength);
            for (var at = reader.Position; reader.Read(ids); at = reader.Position)
            {
                stop.ThrowIfCancellationRequested();
                if (examples % window == 0)
                    windows.Add(at);
                examples++;
                tokens += ids.Count;
                lengths[ids.Count]++;
                ids.Clear();
            }
        }
        if (examples == 0)
            throw new DataException($"{string.Join(", ", files)}: no line contains any text");
        return new CorpusIndex(fingerprints, HashOf(tokenizer), maxLength, window, examples, tokens, lengths, windows);
    }

    /// <summary>Throws if files differ from those of this index.</summary>
    /// <exception cref="DataException">A file or the number of files has changed;
    /// named.</exception>
    public void RequireSame(IReadOnlyList<string> files, WordPieceTokenizer tokenizer, CancellationToken stop)
    {
        if (files.Count != Files.Count)
            throw new DataException(
                $"the corpus has {files.Count} files, but had {Files.Count} when the run was started"
            );
        for (var i = 0; i < files.Count; i++)
        {
            var now = CorpusFiles.Fingerprint(files[i], stop);
            if (now.Sha256 != Files[i].Sha256)
                throw new DataException(
                    $"{files[i]}: has changed since the run was started ({Files[i].Name}): SHA-256 "
                        + $"{Files[i].Sha256} then, {now.Sha256} now"
                );
        }
        if (HashOf(tokenizer) != Tokenizer)
            throw new DataException("the tokenizer differs from that of the run; resume with the original one");
    }

    /// <summary>Number of examples of a window.</summary>
    public int SizeOf(int window) => (int)Math.Min(Window, Examples - ((long)window * Window));

    /// <summary>Lengths of the <paramref name="count"/> longest examples.</summary>
    public IEnumerable<int> Longest(int count)
    {
        for (var length = Lengths.Count - 1; length > 0; length--)
        for (var i = 0L; i < Lengths[length] && count > 0; i++, count--)
            yield return length;
    }

    private static string HashOf(WordPieceTokenizer tokenizer)
    {
        var vocabulary = tokenizer.Vocabulary;
        return Digest([
            tokenizer.Options.ToString(),
            .. Enumerable.Range(0, vocabulary.Count).Select(i => vocabulary[i]),
        ]);
    }

    private static string Digest(IEnumerable<string> lines)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var line in lines)
            hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
