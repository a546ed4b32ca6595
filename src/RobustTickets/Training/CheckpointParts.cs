namespace RobustTickets.Training;

/// <summary>A stage's own part of a checkpoint.</summary>
internal interface ICheckpointPart
{
    /// <summary>Writes files into the checkpoint's folder.</summary>
    void Write(string folder);

    /// <summary>Restores the state written by <see cref="Write"/>.</summary>
    void Read(string folder);
}

/// <summary>Several parts of a checkpoint as one.</summary>
internal sealed class CheckpointParts(IReadOnlyList<ICheckpointPart> parts) : ICheckpointPart
{
    public void Write(string folder)
    {
        foreach (var part in parts)
            part.Write(folder);
    }

    public void Read(string folder)
    {
        foreach (var part in parts)
            part.Read(folder);
    }
}
