// Precomputed nearest neighbours of every word of a word-vector file, bound to its hash; the same
// rows as from VectorNeighbours (docs/methods/attacks.md, Precomputed neighbours).

using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RobustTickets.Attacks.Resources;

/// <summary>Precomputed neighbours of every word of a word-vector file, as row indices.</summary>
public sealed class NeighbourFile
{
    // Little-endian: "RTNN", version, V, K (4 x int32), SHA-256 of the vectors' file (32 bytes),
    // rows [V, K] int32 (-1: none), SHA-256 of everything before.
    private const int Magic = 0x4E4E5452;
    private const int Version = 1;
    private const int HeaderBytes = 4 * sizeof(int) + SHA256.HashSizeInBytes;
    private readonly int[] _rows;

    private NeighbourFile(string vectorsHash, int words, int count, int[] rows)
    {
        VectorsHash = vectorsHash;
        Words = words;
        Count = count;
        _rows = rows;
    }

    /// <summary>SHA-256 of the word-vector file, lower-case hex.</summary>
    public string VectorsHash { get; }

    /// <summary>Number of words V.</summary>
    public int Words { get; }

    /// <summary>Neighbours per word K.</summary>
    public int Count { get; }

    /// <summary>File name of the table of a word-vector file.</summary>
    internal static string NameFor(string vectorsHash) => $"neighbours-{vectorsHash[..16]}.bin";

    /// <summary>Rows of a word's nearest neighbours, nearest first, at most K.</summary>
    public ReadOnlySpan<int> Row(int word)
    {
        var row = _rows.AsSpan(word * Count, Count);
        var end = row.IndexOf(-1);
        return end < 0 ? row : row[..end];
    }

    /// <summary>Computes the table.</summary>
    /// <param name="vectors">The word vectors.</param>
    /// <param name="vectorsHash">SHA-256 of their file, lower-case hex.</param>
    /// <param name="count">Neighbours per word.</param>
    /// <param name="progress">Receives the number of words done.</param>
    /// <param name="stop">Cancels the work.</param>
    public static NeighbourFile Compute(
        WordVectors vectors,
        string vectorsHash,
        int count,
        Action<int>? progress = null,
        CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        count = Math.Max(1, Math.Min(count, vectors.Count - 1));
        var rows = new int[vectors.Count * count];
        Array.Fill(rows, -1);
        var search = new VectorNeighbours(vectors);
        var done = 0;
        Parallel.ForEach(
            Enumerable.Range(0, vectors.Count).Chunk(VectorNeighbours.BlockWords),
            new ParallelOptions { CancellationToken = stop },
            block =>
            {
                var found = search.Rows(block, count);
                for (var q = 0; q < block.Length; q++)
                    found[q].CopyTo(rows, block[q] * count);
                progress?.Invoke(Interlocked.Add(ref done, block.Length));
            }
        );
        return new NeighbourFile(vectorsHash, vectors.Count, count, rows);
    }

    /// <summary>Writes the table.</summary>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var bytes = new byte[HeaderBytes + _rows.Length * sizeof(int)];
        int[] numbers = [Magic, Version, Words, Count];
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), numbers[i]);
        Convert.FromHexString(VectorsHash).CopyTo(bytes, numbers.Length * sizeof(int));
        for (var i = 0; i < _rows.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(HeaderBytes + i * sizeof(int)), _rows[i]);
        stream.Write(bytes);
        stream.Write(SHA256.HashData(bytes));
    }

    /// <summary>Reads a table.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vectors">The vectors it must belong to.</param>
    /// <param name="vectorsHash">SHA-256 of their file.</param>
    /// <exception cref="DataException">The table is damaged, or belongs to other
    /// vectors.</exception>
    public static NeighbourFile Read(string path, WordVectors vectors, string vectorsHash)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(vectors);
        var bytes = File.ReadAllBytes(path);
        var body = bytes.AsSpan(0, Math.Max(0, bytes.Length - SHA256.HashSizeInBytes));
        int Number(int i) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(i * sizeof(int)));
        if (
            body.Length < HeaderBytes
            || Number(0) != Magic
            || Number(1) != Version
            || !SHA256.HashData(body).AsSpan().SequenceEqual(bytes.AsSpan(body.Length))
        )
        {
            throw new DataException(
                $"neighbour table '{path}': corrupt, or written by another version; remove it, or rebuild it "
                    + "with 'resources precompute'"
            );
        }
        var hash = Convert.ToHexStringLower(bytes.AsSpan(4 * sizeof(int), SHA256.HashSizeInBytes));
        var (words, count) = (Number(2), Number(3));
        if (
            hash != vectorsHash
            || words != vectors.Count
            || body.Length != HeaderBytes + (long)words * count * sizeof(int)
        )
        {
            throw new DataException(
                $"neighbour table '{path}': built from word vectors with sha256 {hash}, but those in use have "
                    + $"{vectorsHash}; rebuild it with 'resources precompute'"
            );
        }
        var rows = new int[words * count];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = Number(HeaderBytes / sizeof(int) + i);
        return new NeighbourFile(hash, words, count, rows);
    }
}
