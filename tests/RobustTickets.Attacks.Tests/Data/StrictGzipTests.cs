using System.IO.Compression;
using RobustTickets.Attacks.Data.TextFiles;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public class StrictGzipTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(300_000)]
    public void Whole_files_come_back_and_every_cut_is_noticed(int size)
    {
        var content = new byte[size];
        for (var i = 0; i < size; i++)
            content[i] = (byte)(i * 31 % 251 ^ i / 1000);
        var packed = Pack(content);
        Assert.Equal(content, Unpack(packed));
        Assert.Equal([.. content, .. content], Unpack([.. packed, .. packed])); // concatenated members are one file
        var step = Math.Max(1, packed.Length / 200);
        for (var length = 1; length < packed.Length; length += step)
            Assert.Throws<InvalidDataException>(() => Unpack(packed[..length]));
        for (var cut = 1; cut <= Math.Min(20, packed.Length - 1); cut++)
            Assert.Throws<InvalidDataException>(() => Unpack(packed[..^cut]));
    }

    private static byte[] Pack(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            gzip.Write(content);
        return packed.ToArray();
    }

    private static byte[] Unpack(byte[] bytes)
    {
        using var unpacked = new MemoryStream();
        using var gzip = StrictGzip.Open(bytes);
        gzip.CopyTo(unpacked, 777);
        return unpacked.ToArray();
    }
}
