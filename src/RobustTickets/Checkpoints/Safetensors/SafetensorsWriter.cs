// Writes the safetensors format deterministically, with the order and padding of the reference
// implementation (github.com/huggingface/safetensors): equal tensors give equal files.

using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Safetensors;

/// <summary>
/// Atomic writer of safetensors files: a file gets its name only when complete and on disk.
/// </summary>
internal static class SafetensorsWriter
{
    // transformers rejects files without `format: pt`.
    private static readonly IReadOnlyDictionary<string, string> DefaultMetadata = new Dictionary<string, string>
    {
        ["format"] = "pt",
    };

    /// <summary>Writes tensors held in memory.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="tensors">The tensors, in any order; names must differ.</param>
    /// <param name="metadata">The <c>__metadata__</c>; by default <c>format: pt</c>.</param>
    /// <exception cref="CheckpointException">Duplicate name, data that do not fit a shape, no
    /// space, or the folder cannot be written.</exception>
    public static void Write(
        string path,
        IEnumerable<NamedTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    ) => WriteStreamed(path, tensors.Select(Checked).ToArray(), metadata);

    /// <summary>
    /// Writes tensors whose bytes are produced one tensor at a time, directly into the file.
    /// </summary>
    /// <inheritdoc cref="Write(string, IEnumerable{NamedTensor}, IReadOnlyDictionary{string, string}?)"/>
    public static void WriteStreamed(
        string path,
        IEnumerable<StreamedTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        var plan = new Plan(path, tensors, metadata ?? DefaultMetadata);
        DiskSpace.Check(path, plan.FileBytes);
        AtomicFile.Write(path, plan.WriteTo);
    }

    private static StreamedTensor Checked(NamedTensor tensor)
    {
        var info = new TensorInfo(tensor.Name, tensor.Element, tensor.Shape);
        if (tensor.Data.Length != info.ByteCount)
        {
            throw new CheckpointException(
                $"tensor '{info.Name}': {tensor.Data.Length} bytes given; shape {info.ShapeText} of "
                    + $"{info.Element.SafetensorsName()} needs {info.ByteCount}"
            );
        }
        return tensor.Streamed();
    }

    /// <summary>
    /// Order, offsets and header of a file, fixed before writing: tensors by element size, largest
    /// first, which keeps each aligned, then by name; metadata by key; the header padded with
    /// spaces to a multiple of 8.
    /// </summary>
    private sealed class Plan
    {
        private readonly string path;
        private readonly (TensorInfo Info, StreamedTensor Tensor)[] entries;
        private readonly byte[] header;

        public Plan(string path, IEnumerable<StreamedTensor> tensors, IReadOnlyDictionary<string, string> metadata)
        {
            this.path = path;
            entries =
            [
                .. tensors
                    .Select(t => (Info: new TensorInfo(t.Name, t.Element, t.Shape), Tensor: t))
                    .OrderByDescending(e => e.Info.Element.Size())
                    .ThenBy(e => e.Info.Element)
                    .ThenBy(e => e.Info.Name, StringComparer.Ordinal),
            ];
            var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
            foreach (var (info, _) in entries)
            {
                if (!names.Add(info.Name))
                    throw new CheckpointException(
                        $"{path}: tensor '{info.Name}' is given twice (or is a reserved name)"
                    );
            }
            header = Header(metadata);
            if (header.Length > SafetensorsFile.MaxHeaderBytes)
            {
                throw new CheckpointException(
                    $"{path}: the header would have {header.Length} bytes; at most "
                        + $"{SafetensorsFile.MaxHeaderBytes} are allowed"
                );
            }
        }

        public long FileBytes => 8 + header.Length + entries.Sum(e => e.Info.ByteCount);

        public void WriteTo(Stream stream)
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var (info, tensor) in entries)
            {
                using var counted = new CountedStream(stream, info, path);
                tensor.Write(counted);
                counted.RequireComplete();
            }
        }

        private byte[] Header(IReadOnlyDictionary<string, string> metadata)
        {
            using var buffer = new MemoryStream();
            using (
                var json = new Utf8JsonWriter(
                    buffer,
                    new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
                )
            )
            {
                json.WriteStartObject();
                if (metadata.Count > 0)
                {
                    json.WriteStartObject("__metadata__");
                    foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                        json.WriteString(key, value);
                    json.WriteEndObject();
                }
                var begin = 0L;
                foreach (var (info, _) in entries)
                {
                    json.WriteStartObject(info.Name);
                    json.WriteString("dtype", info.Element.SafetensorsName());
                    json.WriteStartArray("shape");
                    foreach (var size in info.Shape)
                        json.WriteNumberValue(size);
                    json.WriteEndArray();
                    json.WriteStartArray("data_offsets");
                    json.WriteNumberValue(begin);
                    json.WriteNumberValue(begin += info.ByteCount);
                    json.WriteEndArray();
                    json.WriteEndObject();
                }
                json.WriteEndObject();
            }
            while (buffer.Length % 8 != 0)
                buffer.WriteByte((byte)' ');
            return buffer.ToArray();
        }
    }

    /// <summary>
    /// Checks that a tensor's delegate writes exactly its byte count: any other count would shift
    /// every later tensor.
    /// </summary>
    private sealed class CountedStream(Stream inner, TensorInfo info, string path) : Stream
    {
        private long written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => written;

        public override long Position
        {
            get => written;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (buffer.Length > info.ByteCount - written)
            {
                throw new CheckpointException(
                    $"{path}: tensor '{info.Name}': more than the {info.ByteCount} bytes of shape "
                        + $"{info.ShapeText} were written"
                );
            }
            inner.Write(buffer);
            written += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void WriteByte(byte value) => Write([value]);

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public void RequireComplete()
        {
            if (written != info.ByteCount)
            {
                throw new CheckpointException(
                    $"{path}: tensor '{info.Name}': {written} bytes were written; shape {info.ShapeText} needs "
                        + $"{info.ByteCount}"
                );
            }
        }
    }
}
