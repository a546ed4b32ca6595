// A file stream that hashes while reading, so that text and hash come from one pass.
using System.Security.Cryptography;
using RobustTickets.Attacks.Data.TextFiles;

namespace RobustTickets.Pretraining;

/// <summary>A sequential file stream that computes the file's fingerprint.</summary>
/// <param name="file">The file, at its start; disposed with this stream.</param>
internal sealed class HashedStream(FileStream file) : ForwardStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _bytes;

    public override int Read(Span<byte> buffer)
    {
        var count = file.Read(buffer);
        _hash.AppendData(buffer[..count]);
        _bytes += count;
        return count;
    }

    /// <summary>Length and hash of the file; reads the rest of it.</summary>
    public CorpusFile Fingerprint(CancellationToken stop)
    {
        var buffer = new byte[1 << 16];
        while (Read(buffer) > 0)
            stop.ThrowIfCancellationRequested();
        return new CorpusFile(Path.GetFileName(file.Name), _bytes, Convert.ToHexStringLower(_hash.GetCurrentHash()));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
            _hash.Dispose();
        }
        base.Dispose(disposing);
    }
}
