// Resources as their authors distribute them: zip archives, NLTK's folders, packed or not. The
// format is detected from the first bytes, not the name, and the copy is named by format.
using System.Globalization;
using System.IO.Compression;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Data.TextFiles;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Resources.Building;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets;

/// <summary>A resource in a format that attacks read; may be a temporary copy.</summary>
internal sealed class UpstreamFile : IDisposable
{
    private readonly string? _temporary;

    private UpstreamFile(string path, string name, string? temporary)
    {
        Path = path;
        Name = name;
        _temporary = temporary;
    }

    /// <summary>The file or folder to read.</summary>
    public string Path { get; }

    /// <summary>The name of its copy in the resource folder.</summary>
    public string Name { get; }

    /// <summary>Unpacks a source and detects its format.</summary>
    /// <param name="kind">The expected kind.</param>
    /// <param name="source">The file or folder.</param>
    /// <param name="maxUnpackedBytes">Maximum unpacked size of an archive entry.</param>
    /// <exception cref="DataException">It contains no such resource, or is corrupt.</exception>
    public static UpstreamFile Of(ResourceKind kind, string source, long maxUnpackedBytes = DataOptions.UnpackedBytes)
    {
        if (kind.IsFolder && Directory.Exists(source))
            return new UpstreamFile(source, kind.Files[0], null);
        string? temporary = null;
        try
        {
            if (kind.IsFolder)
            {
                temporary = Directory.CreateTempSubdirectory("resource").FullName;
                return new UpstreamFile(UnpackFolder(source, temporary, maxUnpackedBytes), kind.Files[0], temporary);
            }
            if (Directory.Exists(source) || IsZip(source) || kind.Kind == "tagger" && NltkTagger.StartsAsPickle(source))
            {
                temporary = Directory.CreateTempSubdirectory("resource").FullName;
                source = Take(kind, source, temporary, maxUnpackedBytes);
            }
            return Named(kind, source, ref temporary);
        }
        catch
        {
            Delete(temporary);
            throw;
        }
    }

    /// <summary>Whether a path is a folder or a zip archive of one.</summary>
    public static bool CanBeFolder(string path) => Directory.Exists(path) || IsZip(path);

    /// <inheritdoc/>
    public void Dispose() => Delete(_temporary);

    private static bool IsZip(string path) => StartsWith(path, "PK\u0003\u0004"u8);

    private static bool StartsWith(string path, ReadOnlySpan<byte> magic)
    {
        using var stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[magic.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length
            && start.SequenceEqual(magic);
    }

    // Readers choose the format by file extension: a wrong extension is corrected.
    private static UpstreamFile Named(ResourceKind kind, string source, ref string? temporary)
    {
        if (
            StartsWith(source, [0x80])
            || StartsWith(source, "BZh"u8)
            || StartsWith(source, [0xFD, (byte)'7', (byte)'z'])
        )
        {
            var what = StartsWith(source, [0x80]) ? "a Python pickle" : "compressed in a format other than gzip or zip";
            throw new DataException($"{source}: is {what}, not resource {kind.Kind}: {kind.Origin}");
        }
        var packed = StartsWith(source, [0x1F, 0x8B]);
        var plain = GzipOutput.Plain(System.IO.Path.GetFileName(source));
        var wanted = kind.Files.Where(name => GzipOutput.Plain(name) != name == packed).ToList();
        var form = Form(kind, source, packed, plain);
        var name =
            wanted.FirstOrDefault(n =>
                Fits(n, form) && (kind.Kind != "word-vectors" || IsCounterFitted(plain) == IsCounterFitted(n))
            )
            ?? wanted.FirstOrDefault(n => Fits(n, form))
            ?? kind.Files[0];
        if (GzipOutput.Plain(source) != source == packed && Fits(GzipOutput.Plain(source), form))
            return new UpstreamFile(source, name, temporary);
        temporary ??= Directory.CreateTempSubdirectory("resource").FullName;
        var link = System.IO.Path.Combine(temporary, name);
        if (System.IO.Path.GetFullPath(source) != link)
            LinkOrCopy(link, System.IO.Path.GetFullPath(source), File.CreateSymbolicLink);
        return new UpstreamFile(link, name, temporary);

        static bool Fits(string name, string form) =>
            GzipOutput.Plain(name).EndsWith(form, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Links a file, or copies it where links are not allowed.</summary>
    internal static void LinkOrCopy(string link, string source, Func<string, string, FileSystemInfo> create)
    {
        try
        {
            _ = create(link, source);
        }
        // Windows lets only some users create links, and some file systems have none.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            SourceFile.Copy(source, link); // writable, so that it can be deleted
        }
    }

    private static bool IsCounterFitted(string name) =>
        name.Contains("counter", StringComparison.OrdinalIgnoreCase)
        && name.Contains("fit", StringComparison.OrdinalIgnoreCase);

    // The file extension of the detected format.
    private static string Form(ResourceKind kind, string source, bool packed, string plain)
    {
        var endings = kind.Files.Select(f => System.IO.Path.GetExtension(GzipOutput.Plain(f))).Distinct().ToArray();
        if (endings.Length == 1)
            return endings[0];
        var start = Start(source, packed);
        return kind.Kind switch
        {
            "neighbours" => start.TrimStart(" \t\r\n\uFEFF"u8).StartsWith("{"u8)
            || plain.EndsWith(".json", StringComparison.Ordinal)
                ? ".json"
                : ".tsv",
            _ => IsWord2Vec(start) ? ".bin" : ".txt",
        };
    }

    // A header "count dimension", then a word and binary floats.
    private static bool IsWord2Vec(ReadOnlySpan<byte> start)
    {
        var end = start.IndexOf((byte)'\n');
        if (end <= 0 || end > 40)
            return false;
        foreach (var field in System.Text.Encoding.Latin1.GetString(start[..end]).Split(' '))
        {
            if (!int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                return false;
        }
        var row = start[(end + 1)..];
        var space = row.IndexOf((byte)' ');
        var numbers = space < 0 ? row : row[space..Math.Min(row.Length, space + 64)];
        return numbers.ContainsAnyInRange((byte)0, (byte)8) || numbers.ContainsAnyInRange((byte)128, (byte)255);
    }

    private static byte[] Start(string source, bool packed)
    {
        using var file = File.OpenRead(source);
        using var plain = packed ? (Stream)new GZipStream(file, CompressionMode.Decompress) : file;
        var bytes = new byte[4096];
        try
        {
            return bytes[..plain.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{source}: damaged gzip: {e.Message}", e);
        }
    }

    private static string Take(ResourceKind kind, string source, string into, long limit) =>
        kind.Kind == "tagger" && NltkTagger.Take(source, into, limit) is { } tagger ? tagger
        : Directory.Exists(source) ? OneOf(kind, source, Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        : Unpack(kind, source, into, limit);

    private static string Unpack(ResourceKind kind, string source, string into, long limit)
    {
        try
        {
            using var archive = ZipFile.OpenRead(source);
            var names = archive.Entries.Where(e => e.Name.Length > 0).Select(e => e.FullName).ToArray();
            var chosen = archive.GetEntry(OneOf(kind, source, names))!;
            var target = System.IO.Path.Combine(into, "unpacked-" + chosen.Name);
            using var file = File.Create(target);
            using var stream = new SizeLimitedStream(
                chosen.Open(),
                $"{source}: {chosen.FullName}",
                limit,
                CancellationToken.None
            );
            stream.CopyTo(file);
            return target;
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{source}: damaged zip: {e.Message}", e);
        }
    }

    // The files of the archive's only folder, without subfolders.
    private static string UnpackFolder(string source, string into, long limit)
    {
        try
        {
            using var archive = ZipFile.OpenRead(source);
            var files = archive.Entries.Where(e => e.Name.Length > 0).ToArray();
            var folders = files.Select(e => e.FullName[..^e.Name.Length]).Distinct().ToArray();
            if (folders.Length != 1)
                throw new DataException(
                    $"{source}: its files are in {folders.Length} folders; expected an archive with a single folder"
                );
            var left = limit;
            foreach (var entry in files)
            {
                using var stream = new SizeLimitedStream(entry.Open(), $"{source}: {entry.FullName}", left, default);
                using (var file = File.Create(System.IO.Path.Combine(into, System.IO.Path.GetFileName(entry.Name))))
                    stream.CopyTo(file);
                left -= stream.Count;
            }
            return into;
        }
        catch (InvalidDataException e)
        {
            throw new DataException($"{source}: damaged zip: {e.Message}", e);
        }
    }

    // The file whose name attacks look for, else that of a published file, else the only one that
    // is not documentation.
    private static string OneOf(ResourceKind kind, string source, string[] names)
    {
        var named = names.Where(n => kind.Files.Contains(System.IO.Path.GetFileName(n))).ToArray();
        if (named.Length == 0)
            named = [.. names.Where(n => kind.Published.Any(p => p.Name == System.IO.Path.GetFileName(n)))];
        if (named.Length == 0)
            named = [.. names.Where(n => !IsDocument(System.IO.Path.GetFileName(n)))];
        return named.Length == 1
            ? named[0]
            : throw new DataException(
                $"{source}: contains {named.Length} files that could be resource {kind.Kind}"
                    + (
                        named.Length == 0
                            ? ""
                            : $" ({string.Join(", ", named.Take(5))}{(named.Length > 5 ? ", .." : "")})"
                    )
                    + $"; expected {kind.Files[0]}, or a single file"
            );
    }

    private static bool IsDocument(string name) =>
        HiddenFiles.IsHidden(name)
        || name.StartsWith("README", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("LICEN", StringComparison.OrdinalIgnoreCase)
        || name.EndsWith(".md", StringComparison.OrdinalIgnoreCase);

    private static void Delete(string? folder)
    {
        if (folder is not null)
            WholeFile.TryDelete(folder);
    }
}
