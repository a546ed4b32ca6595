using System.Security.Cryptography;
using System.Text;

namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// A WordPiece vocabulary: tokens by index and indices by token. Continuations start with
/// <c>##</c>. The file is <c>vocab.txt</c>, one token per line, with the line number (from 0) as
/// index. Hugging Face lets the last of two equal lines win and reads empty lines as tokens; here
/// both are rejected, because they shift or shadow rows of the embedding matrix. Immutable and
/// thread-safe.
/// </summary>
public sealed class Vocabulary
{
    /// <summary>Prefix of continuation pieces.</summary>
    public const string ContinuationPrefix = "##";

    private readonly string[] _tokens;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _whole;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _continuation;

    /// <summary>Creates a vocabulary of <paramref name="tokens"/>, index = position.</summary>
    /// <param name="tokens">The tokens; distinct and not empty.</param>
    /// <param name="source">Their origin in errors (a file name); lines are counted from 1.</param>
    /// <exception cref="DataException">There is no token, or one is empty or a duplicate; the
    /// message names the line.</exception>
    public Vocabulary(IEnumerable<string> tokens, string source = "vocabulary")
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _tokens = tokens.ToArray();
        if (_tokens.Length == 0)
            throw new DataException($"{source}: the vocabulary is empty; expected one token per line");

        var whole = new Dictionary<string, int>(_tokens.Length, StringComparer.Ordinal);
        var continuation = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < _tokens.Length; id++)
        {
            var token = _tokens[id];
            if (string.IsNullOrEmpty(token))
            {
                throw new DataException(
                    $"{source}:{id + 1}: empty line among the {_tokens.Length} tokens; each line must contain one token"
                );
            }
            if (!whole.TryAdd(token, id))
            {
                throw new DataException(
                    $"{source}:{id + 1}: duplicate token '{token}', first found at line {whole[token] + 1}; every "
                        + "token must be unique"
                );
            }
            LongestToken = Math.Max(LongestToken, token.Length);
            if (
                token.Length > ContinuationPrefix.Length
                && token.StartsWith(ContinuationPrefix, StringComparison.Ordinal)
            )
            {
                continuation[token[ContinuationPrefix.Length..]] = id;
            }
        }
        _whole = whole.GetAlternateLookup<ReadOnlySpan<char>>();
        _continuation = continuation.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>
    /// Reads <c>vocab.txt</c> (UTF-8; a byte order mark, Windows line ends and blank lines at the
    /// end are tolerated).
    /// </summary>
    /// <exception cref="DataException">The file is missing, not UTF-8, empty, or has an empty or
    /// duplicate line before its end.</exception>
    public static Vocabulary Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new DataException(
                $"{path}: {(Directory.Exists(path) ? "is a folder" : "no such file")}; expected a WordPiece "
                    + "vocabulary (vocab.txt, one token per line)"
            );
        var lines = new List<string>();
        try
        {
            using var file = File.OpenRead(path);
            lines.AddRange(StrictText.Lines(file, path).Select(line => line.Text));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {e.Message}", e);
        }
        // Trailing empty lines shift no index.
        while (lines.Count > 0 && lines[^1].Length == 0)
            lines.RemoveAt(lines.Count - 1);
        return new Vocabulary(lines, path);
    }

    /// <summary>Number of tokens V.</summary>
    public int Count => _tokens.Length;

    /// <summary>Tokens in index order, <c>[V]</c>.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>Length in UTF-16 units of the longest token, prefix included.</summary>
    public int LongestToken { get; }

    /// <summary>The token at <paramref name="id"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not in 0..V-1.</exception>
    public string this[int id] =>
        (uint)id < (uint)_tokens.Length
            ? _tokens[id]
            : throw new ArgumentOutOfRangeException(
                nameof(id),
                id,
                $"the vocabulary has the indices 0..{_tokens.Length - 1}"
            );

    /// <summary>
    /// The token of a row of an embedding matrix; a row beyond the vocabulary, which models are
    /// padded with, is <c>[unusedN]</c>, N its index.
    /// </summary>
    /// <param name="id">The row.</param>
    /// <param name="rows">Number of rows, at least <see cref="Count"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    internal string TokenOfRow(int id, int rows) =>
        (uint)id < (uint)_tokens.Length ? _tokens[id]
        : (uint)id < (uint)rows ? Invariant.Text($"[unused{id}]")
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"the model has the tokens 0..{rows - 1}");

    /// <summary>Finds the index of a full token string (<c>##</c> included).</summary>
    public bool TryGetId(ReadOnlySpan<char> token, out int id) => _whole.TryGetValue(token, out id);

    /// <summary>
    /// Finds the index of the continuation piece whose text after <c>##</c> is
    /// <paramref name="text"/>.
    /// </summary>
    internal bool TryGetContinuation(ReadOnlySpan<char> text, out int id) => _continuation.TryGetValue(text, out id);

    /// <summary>
    /// SHA-256 of the tokens, each followed by a line feed: that of a <c>vocab.txt</c> written by
    /// <see cref="Save"/>.
    /// </summary>
    public string Sha256() => Convert.ToHexStringLower(SHA256.HashData(Bytes()));

    /// <summary>
    /// Writes <c>vocab.txt</c>: UTF-8, one token per line, each followed by a line feed.
    /// </summary>
    public void Save(string path) => File.WriteAllBytes(path, Bytes());

    private byte[] Bytes() => new UTF8Encoding(false).GetBytes(string.Join('\n', _tokens) + "\n");
}
