using System.IO.Compression;
using System.Text;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Attacks.Tests.Data;

/// <summary>A folder that goes with the test.</summary>
public sealed class TempFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rt-data-");

    public string Root => _folder.FullName;

    public string this[string name] => Path.Combine(Root, name);

    public string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        var bytes = new UTF8Encoding(false).GetBytes(content);
        if (name.EndsWith(".gz", StringComparison.Ordinal))
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                gzip.Write(bytes);
            bytes = packed.ToArray();
        }
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    /// <summary>
    /// Writes a file, reads it as a split, and returns the message with which that is refused.
    /// </summary>
    public string Refused(string name, string content, string task, string split = "train", DataOptions? options = null)
    {
        var path = Write(name, content);
        var message = Xunit.Assert.Throws<DataException>(() => DataSet.Load(path, task, split, options)).Message;
        Xunit.Assert.StartsWith(path, message, StringComparison.Ordinal);
        return message[path.Length..];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
