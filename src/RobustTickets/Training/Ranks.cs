// Coordination of the ranks of a run, apart from gradients. A single rank needs no communication.
// Of several, only rank 0 writes, evaluates and makes decisions; the others wait for its result.
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using RobustTickets.Torch;
using RobustTickets.Torch.Distributed;
using RobustTickets.Torch.Native;
using RobustTickets.Torch.nn;

namespace RobustTickets.Training;

/// <summary>This rank of a distributed run.</summary>
internal sealed class Ranks : IDisposable
{
    private readonly ICollective _collective;
    private readonly RankWatch? _watch;
    private readonly CancellationToken _stop;
    private readonly List<string> _copies = [];

    private Ranks(ICollective collective, RankWatch? watch, CancellationToken stop) =>
        (_collective, _watch, _stop) = (collective, watch, stop);

    /// <summary>A single rank.</summary>
    /// <param name="stop">Requests a stop.</param>
    public static Ranks One(CancellationToken stop = default) => new(LocalCollective.Instance, null, stop);

    /// <summary>Connects to the other ranks; a single rank without settings.</summary>
    /// <param name="settings">Rendezvous settings, or null.</param>
    /// <param name="stop">Requests a stop of this rank; all then stop after the same step.</param>
    /// <param name="patience">Time-outs, or null.</param>
    /// <exception cref="RanksException">A rank did not connect, or runs another
    /// version.</exception>
    /// <exception cref="OperationCanceledException">A stop was requested on this rank or
    /// another.</exception>
    public static Ranks Join(RankSettings? settings, CancellationToken stop, RankPatience? patience = null)
    {
        if (settings is null)
            return One(stop);
        var watch = RankWatch.Join(settings, Build, stop, patience);
        try
        {
            return new Ranks(ProcessGroup.Open(watch, stop), watch, stop);
        }
        catch (Exception e)
        {
            watch.Tell(e);
            watch.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Connects to the other ranks, runs this rank's work, and reports its end to them.
    /// </summary>
    /// <param name="settings">Rendezvous settings; null for a single rank.</param>
    /// <param name="stop">Requests a stop of this rank; all then stop after the same step.</param>
    /// <param name="work">The work.</param>
    public static T Run<T>(RankSettings? settings, CancellationToken stop, Func<Ranks, T> work)
    {
        using var ranks = Join(settings, stop);
        try
        {
            return work(ranks);
        }
        catch (Exception e) when (ranks.AreSeveral)
        {
            var cause = ranks.Cause(e);
            ranks.Tell(cause);
            if (!ReferenceEquals(cause, e))
                throw cause;
            throw;
        }
    }

    /// <summary>Index of this rank, from 0.</summary>
    public int Rank => _collective.Rank;

    /// <summary>Number of ranks.</summary>
    public int Size => _collective.Size;

    /// <summary>Whether this is rank 0, the only one that writes.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Whether there are other ranks.</summary>
    public bool AreSeveral => Size > 1;

    /// <summary>The collective operations.</summary>
    public ICollective Collective => _collective;

    /// <summary>Whether a stop of this rank was requested.</summary>
    public bool IsAskedToStop => _stop.IsCancellationRequested;

    /// <summary>
    /// Whether all ranks stop after this step: a stop of one was requested before its gradients
    /// were summed.
    /// </summary>
    public bool Stop
    {
        get => AreSeveral ? field : IsAskedToStop;
        set;
    }

    /// <summary>Replaces numbers on every rank by their sums over all ranks.</summary>
    public void Sum(Span<double> numbers)
    {
        if (!AreSeveral)
            return;
        using var tensor = torch.tensor<double>(numbers, numbers.Length);
        _collective.Sum(tensor);
        tensor.span<double>().CopyTo(numbers);
    }

    /// <summary>Computes a number on rank 0 and broadcasts it.</summary>
    public double OfFirst(Func<double> find)
    {
        if (!AreSeveral)
            return find();
        using var tensor = torch.zeros([1], DType.Float64);
        if (IsFirst)
            tensor.span<double>()[0] = find();
        _collective.Broadcast(tensor);
        return tensor.span<double>()[0];
    }

    /// <summary>Computes a text on rank 0 and broadcasts it.</summary>
    public string OfFirst(Func<string> find) =>
        AreSeveral ? Encoding.UTF8.GetString(OfFirst(() => Encoding.UTF8.GetBytes(find()))) : find();

    /// <summary>Runs an action on rank 0 while the others wait.</summary>
    public void First(Action act) =>
        OfFirst(() =>
        {
            act();
            return 0.0;
        });

    /// <summary>Broadcasts rank 0's values of a tensor.</summary>
    public void Share(Tensor tensor)
    {
        if (!AreSeveral)
            return;
        if (tensor.device.IsHost)
        {
            using var plain = tensor.WithoutHistory();
            _collective.Broadcast(plain);
            return;
        }
        using var values = tensor.edit<float>();
        using var staged = torch.tensor<float>(values.Span, values.Span.Length);
        _collective.Broadcast(staged);
        staged.span<float>().CopyTo(values.Span);
    }

    /// <summary>
    /// Shares a folder of rank 0 with its files, or those that <paramref name="wanted"/> accepts:
    /// the folder itself on rank 0, a copy on the other ranks, which need no access to rank 0's
    /// disk.
    /// </summary>
    public string Share(string folder, Func<string, bool>? wanted = null)
    {
        if (!AreSeveral)
            return folder;
        var names = OfFirst(() =>
            string.Join(
                '\n',
                Directory
                    .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                    .Select(path => Path.GetRelativePath(folder, path))
                    .Where(name => wanted?.Invoke(name) ?? true)
                    .Order(StringComparer.Ordinal)
            )
        );
        var place = folder;
        if (!IsFirst)
            _copies.Add(place = Directory.CreateTempSubdirectory("robust-tickets-rank").FullName);
        foreach (var name in names.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var path = Path.Combine(place, name);
            var bytes = OfFirst(() => File.ReadAllBytes(path));
            if (IsFirst)
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
        return place;
    }

    /// <summary>Throws if this rank's value differs from rank 0's.</summary>
    /// <param name="what">Name of the value, in the plural.</param>
    /// <param name="own">This rank's value.</param>
    /// <exception cref="RanksException">This rank's value differs.</exception>
    public void RequireSame(string what, string own)
    {
        var first = OfFirst(() => own);
        // The differing rank reports the error, so that the message names it.
        if (first != own)
            throw new RanksException($"rank {Rank} on {Environment.MachineName}: its {what} differ from rank 0's");
    }

    /// <summary>
    /// Throws if the weights differ bitwise from rank 0's: decisions based on them (masks, tickets)
    /// could differ.
    /// </summary>
    /// <exception cref="RanksException">This rank's weights differ.</exception>
    public void RequireSameWeights(ParameterStore store)
    {
        if (AreSeveral)
            RequireSame("weights", WeightDigest.Of(store));
    }

    /// <summary>Reports the reason of this rank's end to the others, unless they know it.</summary>
    private void Tell(Exception end)
    {
        // All ranks have already agreed on this stop.
        if (end is OperationCanceledException && AreSeveral && Stop)
            return;
        _watch?.Tell(end);
    }

    /// <summary>
    /// The root cause of a run's end: a broken transfer is caused by a lost rank.
    /// </summary>
    private Exception Cause(Exception end) =>
        end is TorchException or AggregateException && _watch?.Loss() is { } loss ? loss : end;

    /// <inheritdoc/>
    public void Dispose()
    {
        _collective.Dispose();
        _watch?.Dispose();
        foreach (var copy in _copies)
            Directory.Delete(copy, recursive: true);
    }

    private static string Build { get; } =
        typeof(Ranks).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    private byte[] OfFirst(Func<byte[]> find)
    {
        var own = IsFirst ? find() : [];
        var bytes = new byte[(long)OfFirst(() => (double)own.Length)];
        using var tensor = torch.zeros([Math.Max(1, (bytes.Length + 7) / 8)], DType.Float64);
        var place = MemoryMarshal.AsBytes(tensor.span<double>());
        own.CopyTo(place);
        _collective.Broadcast(tensor);
        place[..bytes.Length].CopyTo(bytes);
        return bytes;
    }
}
