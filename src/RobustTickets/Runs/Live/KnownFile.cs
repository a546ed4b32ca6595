namespace RobustTickets.Runs.Live;

/// <summary>A small file that is read again only when it has changed.</summary>
/// <param name="path">The file.</param>
/// <param name="read">Reads it.</param>
internal sealed class KnownFile<T>(string path, Func<string, T> read)
    where T : class
{
    private (DateTime Written, long Length) _stamp;
    private T? _value;
    private Exception? _error;

    /// <summary>The content; null if the file does not exist.</summary>
    /// <exception cref="Exception">The exception thrown by reading, on every access.</exception>
    public T? Value
    {
        get
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                (_stamp, _value, _error) = (default, null, null);
                return null;
            }
            var stamp = (file.LastWriteTimeUtc, file.Length);
            if (stamp != _stamp)
            {
                (_stamp, _value, _error) = (stamp, null, null);
                try
                {
                    _value = read(path);
                }
                catch (Exception e)
                {
                    _error = e;
                }
            }
            return _error is null ? _value : throw _error;
        }
    }
}
