namespace RobustTickets.Attacks;

/// <summary>Another process is writing to a folder.</summary>
public sealed class FolderInUseException : Exception
{
    internal FolderInUseException(string folder, string holder)
        : base($"{folder}: {holder} is writing to it; wait until it has finished, or use another folder")
    {
        Holder = holder;
    }

    /// <summary>The writing process, e.g. <c>process 4711 on host</c>.</summary>
    public string Holder { get; }
}
