// The pickle dialect of torch.save: only the names of PickleAllowList, interpreted by
// PickleRebuild.
using RobustTickets.Attacks.Pickles;
using RobustTickets.Checkpoints.Files;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>A weights file as input of the pickle machine.</summary>
internal sealed class TorchPickle(MappedFile file) : PickleDialect
{
    /// <inheritdoc/>
    public override string Subject => "a weights file";

    /// <inheritdoc/>
    protected override string Allowed => PickleAllowList.Described;

    /// <inheritdoc/>
    public override byte ReadByte(long at) => file.ReadByte(at);

    /// <inheritdoc/>
    public override byte[] Read(long at, int count) => file.Read(at, count);

    /// <inheritdoc/>
    public override Exception Refuse(string message, Exception? cause = null) =>
        new CheckpointException($"{file.Path}: {message}", cause);

    /// <inheritdoc/>
    protected override PickleGlobal? Find(string module, string name) =>
        new PickleGlobal(module, name) is var global && PickleAllowList.Contains(global) ? global : null;

    /// <inheritdoc/>
    public override object? Call(object? callable, object? arguments, Func<string, Exception> refuse) =>
        PickleRebuild.Call(callable, arguments, refuse);

    /// <inheritdoc/>
    public override object? Persistent(object? id, Func<string, Exception> refuse) => PickleRebuild.Storage(id, refuse);
}
