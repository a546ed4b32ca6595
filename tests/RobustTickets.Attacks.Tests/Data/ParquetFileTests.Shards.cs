using Parquet;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.ParquetFiles;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed partial class ParquetFileTests
{
    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Zstd)]
    public void A_shard_without_rows_adds_none(CompressionMethod packing)
    {
        Write("train-00000-of-00003.parquet", packing, ("sentence", Texts("a")), ("label", Longs(0)));
        Write("train-00001-of-00003.parquet", packing, ("sentence", Texts()), ("label", Longs()));
        Write("train-00002-of-00003.parquet", packing, ("sentence", Texts("b")), ("label", Longs(1)));
        var train = DataSet.Load(_folder.Root, "sst2", "train");
        Assert.Equal(["a", "b"], train.Examples.Select(e => e.Text.First));
        Assert.Equal("train:1", train.Examples[1].Id);
        var empty = Write("empty.parquet", packing, ("sentence", Texts()), ("label", Longs()));
        Refused(empty, "sst2", "a header but no rows");
    }

    // As writers may put it that write no page for a column without values.
    [Fact]
    public void A_group_without_rows_may_have_no_pages()
    {
        // FileMetaData { 1: 1, 2: [{ 4: "r", 5: 1 }, { 1: BYTE_ARRAY, 3: required, 4: "text" }],
        byte[] schema = [0x15, 2, 0x19, 0x2C, 0x48, 1, (byte)'r', 0x15, 2, 0];
        byte[] text = [0x15, 12, 0x25, 0, 0x18, 4, .. "text"u8, 0];
        // 3: 0 rows, 4: [{ 1: [{ 2: 0, 3: chunk }], 2: 0 bytes, 3: 0 rows }] }
        byte[] chunk = [0x15, 12, 0x19, 5, 0x19, 0x18, 4, .. "text"u8, 0x15, 0, 0x16, 0, 0x16, 0, 0x16, 0, 0x26, 0, 0];
        byte[] group = [0x19, 0x1C, 0x26, 0, 0x1C, .. chunk, 0, 0x16, 0, 0x16, 0, 0];
        byte[] footer = [.. schema, .. text, 0x16, 0, 0x19, 0x1C, .. group, 0];
        var path = _folder["empty.parquet"];
        File.WriteAllBytes(path, [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);
        Assert.Empty(ParquetFile.Open(path, new DataOptions(), default).Read(new(["text"], null, null, [])));
    }
}
