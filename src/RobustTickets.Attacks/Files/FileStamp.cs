namespace RobustTickets.Attacks;

/// <summary>
/// Length and last write of a file, by which a later pass knows that it reads the same bytes.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Written">Last write, UTC.</param>
internal sealed record FileStamp(string Path, long Length, DateTime Written)
{
    /// <summary>The stamp of a file; of a link, that of its target.</summary>
    /// <exception cref="IOException">The file is missing.</exception>
    public static FileStamp Of(string path)
    {
        var file = new FileInfo(path);
        file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        return new FileStamp(path, file.Length, file.LastWriteTimeUtc);
    }

    /// <summary>Throws if the file was changed or replaced since.</summary>
    /// <exception cref="DataException">It was, or it is gone.</exception>
    public void RequireUnchanged()
    {
        try
        {
            var now = Of(Path);
            if (now == this)
                return;
            throw new DataException(
                Invariant.Text(
                    $"{Path}: changed while being read ({Length} bytes at first, now {now.Length}); its SHA-256 would ",
                    $"not be that of its rows; read it again when it is complete"
                )
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{Path}: changed while being read: {e.Message}", e);
        }
    }
}
