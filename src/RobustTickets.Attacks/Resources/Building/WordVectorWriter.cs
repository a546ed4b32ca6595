// Writes word vectors in the two formats that WordVectorReader reads.

using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Writers of word vectors.</summary>
internal static class WordVectorWriter
{
    /// <summary>
    /// Writes the vectors: word2vec's binary format for a name in .bin or .bin.gz, otherwise text;
    /// gzipped when the name ends in .gz.
    /// </summary>
    /// <exception cref="DataException">A word contains a space, which the binary format cannot
    /// represent.</exception>
    public static void Write(WordVectors vectors, Stream stream, string name)
    {
        var binary = GzipOutput.Plain(name).EndsWith(".bin", StringComparison.OrdinalIgnoreCase);
        GzipOutput.Write(
            stream,
            name,
            packed =>
            {
                if (binary)
                    WriteBinary(vectors, packed);
                else
                    WriteText(vectors, packed);
            }
        );
    }

    /// <summary>Whether the binary format can represent every word.</summary>
    public static bool FitBinary(WordVectors vectors) =>
        !Enumerable.Range(0, vectors.Count).Any(row => HasSpace(vectors.Word(row)));

    private static bool HasSpace(string word) => word.Any(char.IsWhiteSpace);

    private static void WriteBinary(WordVectors vectors, Stream stream)
    {
        stream.Write(
            Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{vectors.Count} {vectors.Dimension}\n")
            )
        );
        var numbers = new byte[vectors.Dimension * sizeof(float)];
        for (var row = 0; row < vectors.Count; row++)
        {
            if (HasSpace(vectors.Word(row)))
                throw new DataException($"'{vectors.Word(row)}' contains a space; write the vectors as text (.txt)");
            stream.Write(Encoding.UTF8.GetBytes(vectors.Word(row) + " "));
            var values = vectors.Row(row);
            for (var d = 0; d < values.Length; d++)
                BinaryPrimitives.WriteSingleLittleEndian(numbers.AsSpan(d * sizeof(float)), values[d]);
            stream.Write(numbers);
            stream.WriteByte((byte)'\n');
        }
    }

    private static void WriteText(WordVectors vectors, Stream stream)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
        for (var row = 0; row < vectors.Count; row++)
        {
            writer.Write(vectors.Word(row));
            foreach (var x in vectors.Row(row))
            {
                writer.Write(' ');
                writer.Write(x.ToString("R", CultureInfo.InvariantCulture));
            }
            writer.Write('\n');
        }
    }
}
