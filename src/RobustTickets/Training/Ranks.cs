// The ranks of a run: what they agree on beside gradients. One rank is the common case and asks
// nobody. Of several, rank 0 alone writes, evaluates and decides what only one may; the others wait
// for its word.
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using RobustTickets.Torch;
using RobustTickets.Torch.Distributed;
using RobustTickets.Torch.Native;
using RobustTickets.Torch.nn;

namespace RobustTickets.Training;

/// <summary>This rank among those that train together.</summary>
internal sealed class Ranks : IDisposable
{
    private readonly ICollective _collective;
    private readonly RankWatch? _watch;
    private readonly CancellationToken _stop;
    private readonly List<string> _copies = [];

    private Ranks(ICollective collective, RankWatch? watch, CancellationToken stop) =>
        (_collective, _watch, _stop) = (collective, watch, stop);

    /// <summary>One rank.</summary>
    /// <param name="stop">Asks it to stop.</param>
    public static Ranks One(CancellationToken stop = default) => new(LocalCollective.Instance, null, stop);

    /// <summary>Meets the other ranks; one rank where there are no settings.</summary>
    /// <param name="settings">Where they meet, or null.</param>
    /// <param name="stop">Asks this rank to stop, which all then do after the same step.</param>
    /// <param name="patience">How long they wait for each other, or null.</param>
    /// <exception cref="RanksException">A rank did not come, or runs another version.</exception>
    public static Ranks Join(RankSettings? settings, CancellationToken stop, RankPatience? patience = null)
    {
        if (settings is null)
            return One(stop);
        var watch = RankWatch.Join(settings, Build, stop, patience);
        try
        {
            return new Ranks(ProcessGroup.Open(watch), watch, stop);
        }
        catch (Exception e)
        {
            watch.Tell(e);
            watch.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Meets the other ranks and does the work of this one; how it ends is told to the others.
    /// </summary>
    /// <param name="settings">Where they meet; null for one rank.</param>
    /// <param name="stop">Asks this rank to stop, which all then do after the same step.</param>
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

    /// <summary>Number of this rank, from 0.</summary>
    public int Rank => _collective.Rank;

    /// <summary>Number of ranks.</summary>
    public int Size => _collective.Size;

    /// <summary>Whether this is rank 0, which writes.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>Whether there are others.</summary>
    public bool AreSeveral => Size > 1;

    /// <summary>The transport.</summary>
    public ICollective Collective => _collective;

    /// <summary>Whether this rank was asked to stop.</summary>
    public bool IsAskedToStop => _stop.IsCancellationRequested;

    /// <summary>
    /// Whether all stop after this step: one of them was asked to before its gradients were summed.
    /// </summary>
    public bool Stop
    {
        get => AreSeveral ? field : IsAskedToStop;
        set;
    }

    /// <summary>Replaces numbers, on every rank, by their sums over all ranks.</summary>
    public void Sum(Span<double> numbers)
    {
        if (!AreSeveral)
            return;
        using var tensor = torch.tensor<double>(numbers, numbers.Length);
        _collective.Sum(tensor);
        tensor.span<double>().CopyTo(numbers);
    }

    /// <summary>A number of rank 0, which alone finds it out.</summary>
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

    /// <summary>A text of rank 0, which alone finds it out.</summary>
    public string OfFirst(Func<string> find) =>
        AreSeveral ? Encoding.UTF8.GetString(OfFirst(() => Encoding.UTF8.GetBytes(find()))) : find();

    /// <summary>Rank 0 does something that the others wait for.</summary>
    public void First(Action act) =>
        OfFirst(() =>
        {
            act();
            return 0.0;
        });

    /// <summary>Gives every rank rank 0's values of a tensor.</summary>
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
    /// A folder of rank 0 with its files, or those that <paramref name="wanted"/> accepts: itself
    /// there, a copy on the other ranks, which need not see rank 0's disk.
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

    /// <summary>Refuses to go on where a rank has something else than rank 0.</summary>
    /// <param name="what">What it is, in the plural.</param>
    /// <param name="own">This rank's.</param>
    /// <exception cref="RanksException">This rank's differs.</exception>
    public void RequireSame(string what, string own)
    {
        var first = OfFirst(() => own);
        // The others hear of it, so that it is named by the rank that differs.
        if (first != own)
            throw new RanksException($"rank {Rank} on {Environment.MachineName}: its {what} are not those of rank 0");
    }

    /// <summary>
    /// Refuses to go on with weights that are not bit for bit those of rank 0: what is decided
    /// on them (masks, tickets) would not be decided alike.
    /// </summary>
    /// <exception cref="RanksException">This rank's differ.</exception>
    public void RequireSameWeights(ParameterStore store)
    {
        if (AreSeveral)
            RequireSame("weights", WeightDigest.Of(store));
    }

    /// <summary>
    /// Tells the others why this rank ends, unless they know; the reason as it is to be shown.
    /// </summary>
    private void Tell(Exception end)
    {
        // A stop that all agreed on needs no word.
        if (end is OperationCanceledException && AreSeveral && Stop)
            return;
        _watch?.Tell(end);
    }

    /// <summary>
    /// Why a run really ended: a broken transfer is the doing of a rank that is lost.
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
