// Attacks many examples at once: merges the queries of all running examples into full, deduplicated
// batches and distributes the answers. An outcome depends only on example, attack and victim. One
// thread makes all model calls; the examples' own steps run on several threads.

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace RobustTickets.Attacks.Engine;

/// <summary>Runs an attack on a victim.</summary>
public sealed class AttackEngine
{
    // Characters of the texts that rank the words of all running examples: 1 GiB. A ranking makes a
    // copy of the text per word.
    private const long CharactersAtOnce = 1L << 29;
    private readonly Attack _attack;
    private readonly IVictim _victim;
    private readonly AttackEngineOptions _options;
    private AttackStatistics _statistics = new(0, 0, 0, 0, 0, 0, TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>Creates an engine.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option or the query budget is out of
    /// range.</exception>
    public AttackEngine(Attack attack, IVictim victim, AttackEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(attack);
        ArgumentNullException.ThrowIfNull(victim);
        _attack = attack;
        _victim = victim;
        _options = options ?? new AttackEngineOptions();
        _options.Check();
        if (attack.QueryBudget is { } budget)
            ArgumentOutOfRangeException.ThrowIfLessThan(budget, 1, nameof(attack));
    }

    /// <summary>
    /// Costs of the current (or last) run; may be read from any thread while it runs.
    /// </summary>
    public AttackStatistics Statistics => Volatile.Read(ref _statistics);

    /// <summary>
    /// Attacks the examples and streams their outcomes, in input order unless the options say
    /// otherwise. An example for which the victim or another model throws or returns an invalid
    /// answer has an outcome of kind <see cref="AttackResult.Error"/>; other examples are not
    /// affected. If the run ends early, finished outcomes are delivered before the exception.
    /// </summary>
    /// <exception cref="DataException">An example has a label that the victim does not know, more
    /// than two columns, or a duplicate id.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async IAsyncEnumerable<AttackOutcome> RunAsync(
        IReadOnlyList<Example> inputs,
        [EnumeratorCancellation] CancellationToken stop = default
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Check(inputs);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var channel = Channel.CreateUnbounded<AttackOutcome>(
            new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }
        );
        var loop = Task.Run(() => Loop(inputs, channel.Writer, stop, end.Token), CancellationToken.None);
        try
        {
            await foreach (var outcome in channel.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return outcome;
        }
        finally
        {
            // The consumer may have stopped enumerating: cancel the loop as well.
            await end.CancelAsync().ConfigureAwait(false);
            await loop.ConfigureAwait(false);
        }
    }

    private void Check(IReadOnlyList<Example> inputs)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var input in inputs)
        {
            if (input is null)
                throw new ArgumentException("contains null instead of an example", nameof(inputs));
            if (input.Columns.Count is < 1 or > 2)
                throw new DataException(
                    $"example '{input.Id}': {input.Columns.Count} columns; an attack takes one or two"
                );
            if (input.Label < 0 || input.Label >= _victim.ClassCount)
            {
                throw new DataException(
                    $"example '{input.Id}': label {input.Label}; the victim's classes are 0 to {_victim.ClassCount - 1}"
                );
            }
            if (!ids.Add(input.Id))
                throw new DataException($"example '{input.Id}': the id occurs twice");
        }
    }

    private void Loop(
        IReadOnlyList<Example> inputs,
        ChannelWriter<AttackOutcome> writer,
        CancellationToken stop,
        CancellationToken end
    )
    {
        var live = new List<ExampleRun>();
        var finished = new SortedDictionary<int, AttackOutcome>();
        Exception? error = null;
        try
        {
            Attack(inputs, live, finished, writer, stop, end);
        }
        catch (Exception e)
        {
            error = e;
        }
        // After an early end, deliver all finished outcomes, even if earlier examples are missing.
        foreach (var run in live.Where(r => r.IsFinished))
            finished.Add(run.Index, run.Outcome!);
        foreach (var outcome in finished.Values)
            writer.TryWrite(outcome);
        writer.Complete(error);
    }

    private void Attack(
        IReadOnlyList<Example> inputs,
        List<ExampleRun> live,
        SortedDictionary<int, AttackOutcome> finished,
        ChannelWriter<AttackOutcome> writer,
        CancellationToken stop,
        CancellationToken end
    )
    {
        var gate = new ModelGate(_victim, end);
        var queues = new ModelQueues(gate, _options);
        var started = 0;
        var delivered = 0;
        long queries = 0;
        var randomness = _attack.Randomness.Begin();
        var concurrency = _attack.Randomness.SharesStream ? 1 : _options.Concurrency;
        var start = Stopwatch.GetTimestamp();
        var sizes = Prepare(inputs, end);
        var prepare = Stopwatch.GetElapsedTime(start);
        var steps = TimeSpan.Zero;
        while (delivered < inputs.Count)
        {
            // The linked token is cancelled after the caller's own; all examples may be done by
            // then.
            stop.ThrowIfCancellationRequested();
            end.ThrowIfCancellationRequested();
            var size = live.Sum(r => sizes[r.Index]);
            for (; live.Count < concurrency && started < inputs.Count; started++)
            {
                size += sizes[started];
                if (live.Count > 0 && size > CharactersAtOnce)
                    break;
                live.Add(new ExampleRun(started, inputs[started], _attack, randomness(inputs[started].Id)));
            }
            var ready = live.Where(r => r.IsReady).ToList();
            if (ready.Count > 0)
            {
                start = Stopwatch.GetTimestamp();
                Advance(ready, end);
                steps += Stopwatch.GetElapsedTime(start);
                foreach (var run in ready.Where(r => !r.IsFinished))
                    queues.Ask(run);
            }
            else
            {
                queues.Serve(partial: true);
            }
            // Full batches run at once; partial ones wait for more requests.
            while (queues.Serve(partial: false))
                stop.ThrowIfCancellationRequested();
            foreach (var run in live.Where(r => r.IsFinished))
            {
                // In order: an outcome waits for those of earlier examples.
                finished.Add(_options.InOrder ? run.Index : delivered + finished.Count, run.Outcome!);
                queries += run.Queries;
            }
            live.RemoveAll(r => r.IsFinished);
            for (; finished.Remove(delivered, out var outcome); delivered++)
                writer.TryWrite(outcome);
            Volatile.Write(
                ref _statistics,
                new AttackStatistics(
                    delivered + finished.Count,
                    queries + live.Sum(r => (long)r.Queries),
                    gate.VictimBatches,
                    gate.VictimRows,
                    gate.EncoderBatches,
                    gate.EncoderRows,
                    gate.VictimTime,
                    gate.EncoderTime,
                    gate.MaskedBatches,
                    gate.MaskedRows,
                    gate.MaskedTime,
                    steps,
                    prepare
                )
            );
        }
    }

    // Returns the characters of the texts that rank each example's words.
    private long[] Prepare(IReadOnlyList<Example> inputs, CancellationToken stop)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        var sizes = new long[inputs.Count];
        for (var i = 0; i < sizes.Length; i++)
        {
            var ranked = 0;
            foreach (var column in inputs[i].Columns)
            {
                var found = WordSplitter.Words(column.Value, _attack.Version);
                words.UnionWith(found);
                ranked += found.Length;
            }
            long length = inputs[i].Columns.Sum(c => c.Value.Length);
            sizes[i] = length * Math.Min(ranked, _attack.QueryBudget ?? int.MaxValue);
        }
        _attack.Transformation.Prepare(words, stop);
        return sizes;
    }

    private void Advance(List<ExampleRun> ready, CancellationToken stop)
    {
        var threads = _options.Threads == 0 ? Environment.ProcessorCount : _options.Threads;
        if (threads == 1 || ready.Count == 1)
        {
            foreach (var run in ready)
                run.Advance();
            return;
        }
        Parallel.ForEach(
            ready,
            new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = stop },
            run => run.Advance()
        );
    }
}
