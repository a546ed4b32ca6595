// TensorBoard's event files: TFRecord frames (length, masked CRC-32C of the length, bytes, masked
// CRC-32C of the bytes) with Event messages (event.proto, summary.proto), of which scalars need
// seven fields (docs/decisions/022-event-files.md).
using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;

namespace RobustTickets.Runs.Metrics;

/// <summary>Encodes TensorBoard's event files.</summary>
internal static class EventFile
{
    /// <summary>
    /// Name of the file: one per run, which a resumed run continues. TensorBoard reads every file
    /// whose name contains <c>tfevents</c>.
    /// </summary>
    public const string Name = RunFolder.TensorBoardEvents;

    private const string Version = "brain.Event:2";

    // Event: wall_time, step, file_version, summary. Summary: value. Summary.Value: tag,
    // simple_value.
    private const int WallTime = 1,
        Step = 2,
        FileVersion = 3,
        Summary = 5,
        Value = 1,
        Tag = 1,
        SimpleValue = 2;

    /// <summary>The first frame of a file.</summary>
    /// <param name="wallTime">Seconds since 1970.</param>
    public static byte[] Begin(double wallTime) =>
        Frame(
            Message(output =>
            {
                output.WriteTag(WallTime, WireFormat.WireType.Fixed64);
                output.WriteDouble(wallTime);
                output.WriteTag(FileVersion, WireFormat.WireType.LengthDelimited);
                output.WriteString(Version);
            })
        );

    /// <summary>One frame with the scalars of an event.</summary>
    public static byte[] Scalars(ScalarEvent scalars)
    {
        var summary = Message(output =>
        {
            foreach (var scalar in scalars.Scalars)
            {
                output.WriteTag(Value, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(
                    ByteString.CopyFrom(
                        Message(value =>
                        {
                            value.WriteTag(Tag, WireFormat.WireType.LengthDelimited);
                            value.WriteString(scalar.Tag);
                            value.WriteTag(SimpleValue, WireFormat.WireType.Fixed32);
                            value.WriteFloat((float)scalar.Value);
                        })
                    )
                );
            }
        });
        return Frame(
            Message(output =>
            {
                output.WriteTag(WallTime, WireFormat.WireType.Fixed64);
                output.WriteDouble(scalars.WallTime);
                output.WriteTag(Step, WireFormat.WireType.Varint);
                output.WriteInt64(scalars.RunStep);
                output.WriteTag(Summary, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(summary));
            })
        );
    }

    /// <summary>CRC-32C (Castagnoli) as stored in TFRecord: rotated and shifted.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return unchecked(BitOperations.RotateRight(~crc, 15) + 0xA282EAD8u);
    }

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[12 + message.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(8), MaskedCrc(frame.AsSpan(0, 8)));
        message.CopyTo(frame, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12 + message.Length), MaskedCrc(message));
        return frame;
    }

    private static byte[] Message(Action<CodedOutputStream> fill)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
            fill(output);
        return bytes.ToArray();
    }
}
