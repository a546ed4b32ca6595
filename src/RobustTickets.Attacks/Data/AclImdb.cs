using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Attacks.Data;

/// <summary>
/// The IMDB reviews, <c>aclImdb/{train,test}/{neg,pos}/ID_RATING.txt</c>, unpacked or as
/// <c>.tar</c>, <c>.tar.gz</c>. Order: negative before positive as in the Hugging Face data set, by
/// number within a class; so classes are grouped and users must shuffle (<see cref="Splits"/>).
/// Texts are unchanged, including <c>&lt;br /&gt;</c>. <c>unsup</c> and lists of addresses are not
/// read.
/// </summary>
internal static partial class AclImdb
{
    // The longest published review has 14 KB.
    private const long LongestReview = 4 << 20;
    private static readonly string[] Classes = ["neg", "pos"];

    /// <summary>Whether the file name is that of an archive.</summary>
    public static bool IsArchive(string path) =>
        new[] { ".tar.gz", ".tgz", ".tar" }.Any(end => path.EndsWith(end, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the folder contains <c>split/pos</c> and <c>split/neg</c>.</summary>
    public static bool IsFolder(string folder, string split) =>
        Classes.All(name => Directory.Exists(Path.Combine(folder, split, name)));

    /// <summary>Reads a split from an unpacked folder, with its hash.</summary>
    public static (IReadOnlyList<Example> Reviews, string Sha256) ReadFolder(
        string folder,
        string split,
        List<string>? leftOut,
        CancellationToken stop
    )
    {
        var files = Classes
            .SelectMany(name => Directory.EnumerateFiles(Path.Combine(folder, split, name)))
            .Where(path => !HiddenFiles.IsHidden(Path.GetFileName(path)))
            .Select(path =>
            {
                stop.ThrowIfCancellationRequested();
                var name = $"{split}/{Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileName(path)}";
                CheckLength(folder, name, new FileInfo(path).Length);
                return (name, File.ReadAllBytes(path));
            });
        return Collect(folder, split, files, leftOut);
    }

    /// <summary>
    /// Reads a split from an archive, with its hash (equal to that of the unpacked folder).
    /// </summary>
    /// <param name="path">The archive.</param>
    /// <param name="split">train or test.</param>
    /// <param name="limit">Maximum unpacked size in bytes.</param>
    /// <param name="leftOut">Receives the names of invalid reviews; null: the first one is an
    /// error.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">The archive is damaged, too large, or contains other
    /// files.</exception>
    public static (IReadOnlyList<Example> Reviews, string Sha256) ReadArchive(
        string path,
        string split,
        long limit,
        List<string>? leftOut,
        CancellationToken stop
    )
    {
        try
        {
            return Collect(path, split, Entries(path, split, limit, stop), leftOut);
        }
        // TarReader throws these for damaged headers: InvalidDataException, exceptions from
        // arithmetic on header fields, InvalidOperationException for sizes beyond an array's.
        catch (Exception e)
            when (e
                    is InvalidDataException
                        or InvalidOperationException
                        or IOException
                        or FormatException
                        or ArithmeticException
                        or ArgumentException
                        or NotSupportedException
            )
        {
            throw new DataException(
                $"{path}: incomplete or corrupt "
                    + $"{(path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) ? "tar" : "gzipped tar")} file: "
                    + $"{e.Message}",
                e
            );
        }
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Entries(
        string path,
        string split,
        long limit,
        CancellationToken stop
    )
    {
        using var stream = new SizeLimitedStream(
            path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) ? File.OpenRead(path) : StrictGzip.Open(path),
            path,
            limit,
            stop
        );
        using var tar = new TarReader(new HeaderStream(stream, path));
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                continue;
            var match = Member().Match(entry.Name);
            if (!match.Success || match.Groups["split"].Value != split)
                continue;
            var name = match.Groups["rest"].Value;
            if (HiddenFiles.IsHidden(Path.GetFileName(name)))
                continue;
            CheckLength(path, name, entry.Length);
            var content = new byte[entry.Length];
            entry.DataStream?.ReadExactly(content);
            yield return (name, content);
        }
        stream.CopyTo(Stream.Null); // read to the end, to detect a truncated file
    }

    // TarReader allocates the size an extended header claims, whatever it is.
    private sealed class HeaderStream(Stream inner, string path) : ForwardStream
    {
        public override int Read(Span<byte> buffer) =>
            buffer.Length <= LongestReview
                ? inner.Read(buffer)
                : throw new DataException(
                    $"{path}: a tar header of {DataOptionText.Size(buffer.Length)}; "
                        + $"the maximum is {DataOptionText.Size(LongestReview)}"
                );
    }

    private static void CheckLength(string place, string name, long length)
    {
        if (length > LongestReview)
            throw new DataException(
                $"{place}: {name}: {DataOptionText.Size(length)}; the maximum for a review is "
                    + $"{DataOptionText.Size(LongestReview)}"
            );
    }

    private static (IReadOnlyList<Example>, string) Collect(
        string place,
        string split,
        IEnumerable<(string Name, byte[] Bytes)> files,
        List<string>? leftOut
    )
    {
        var rows = new List<(int Label, long Number, Example Example, string Line)>();
        foreach (var (name, bytes) in files)
        {
            var match = FileName().Match(name);
            if (
                !match.Success
                || !long.TryParse(
                    match.Groups["number"].Value,
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var number
                )
            )
            {
                if (leftOut is null)
                    throw new DataException(
                        $"{place}: {name}: the name is not ID_RATING.txt (two numbers, as in 127_8.txt)"
                    );
                leftOut.Add(name);
                continue;
            }
            if (leftOut is not null && !Utf8.IsValid(bytes))
            {
                leftOut.Add(name);
                continue;
            }
            var label = Array.IndexOf(Classes, match.Groups["class"].Value);
            var review = new Example(name[..^4], StrictText.Decode($"{place}: {name}", bytes), label);
            rows.Add((label, number, review, $"{name}\0{Convert.ToHexStringLower(SHA256.HashData(bytes))}"));
        }
        if (rows.Count == 0)
            throw new DataException(
                $"{place}: no review in {split}/pos or {split}/neg; the splits of aclImdb are train and test"
            );
        rows.Sort(
            (a, b) =>
                (a.Label, a.Number).CompareTo((b.Label, b.Number)) is var order and not 0
                    ? order
                    : string.CompareOrdinal(a.Example.Id, b.Example.Id)
        );
        for (var i = 1; i < rows.Count; i++)
        {
            if (rows[i].Example.Id == rows[i - 1].Example.Id)
                throw new DataException($"{place}: {rows[i].Example.Id}.txt occurs twice");
        }
        var listing = string.Join('\n', rows.Select(row => row.Line).Order(StringComparer.Ordinal));
        return (
            [.. rows.Select(row => row.Example)],
            Convert.ToHexStringLower(SHA256.HashData(new UTF8Encoding(false).GetBytes(listing)))
        );
    }

    [GeneratedRegex("(?:^|/)(?<rest>(?<split>[^/]+)/(?:pos|neg)/[^/]+)$")]
    private static partial Regex Member();

    [GeneratedRegex(@"^[^/]+/(?<class>pos|neg)/(?<number>\d+)_\d+\.txt$")]
    private static partial Regex FileName();
}
