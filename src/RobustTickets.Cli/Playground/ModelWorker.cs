// One thread runs all models: libtorch keeps a thread pool for each calling thread, and models in
// parallel would compete for cores. Queued texts for the same model are batched.
using Microsoft.AspNetCore.Http;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Playground;

/// <summary>Runs models, one batch at a time, first come, first served.</summary>
internal sealed class ModelWorker : IDisposable
{
    private const int TextsPerBatch = 64;
    private readonly Lock _gate = new();
    private readonly Queue<Question> _questions = new();
    private readonly SemaphoreSlim _filled = new(0);
    private readonly Thread _thread;
    private readonly int _limit;
    private int _waiting;
    private volatile bool _ended;

    /// <param name="limit">Maximum number of queued texts.</param>
    public ModelWorker(int limit)
    {
        _limit = limit;
        _thread = new Thread(Run) { IsBackground = true, Name = "models" };
        _thread.Start();
    }

    /// <summary>Number of texts queued or running.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Rejects a new request while the queue is full; started requests continue.</summary>
    /// <exception cref="RefusedException">The queue is full.</exception>
    public void RefuseWhenBusy()
    {
        if (Waiting <= _limit)
            return;
        throw new RefusedException(
            StatusCodes.Status503ServiceUnavailable,
            $"{Waiting} texts are already waiting for the models; try again in a moment"
        )
        {
            RetryAfterSeconds = 1,
        };
    }

    /// <summary>Class probabilities of texts, <c>[C]</c> each.</summary>
    public Task<double[][]> PredictAsync(IVictim model, IReadOnlyList<TextPair> texts, CancellationToken stop)
    {
        if (texts.Count == 0)
            return Task.FromResult<double[][]>([]);
        var question = new Question(model, texts, stop);
        lock (_gate)
        {
            if (_ended)
                throw new OperationCanceledException();
            _waiting += texts.Count;
            _questions.Enqueue(question);
            // Inside the lock: otherwise Dispose could run first.
            _filled.Release();
        }
        return question.Answer.Task;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _ended = true;
        _filled.Release();
        _thread.Join();
        foreach (var question in _questions)
            question.Answer.TrySetCanceled();
        _filled.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _filled.Wait();
            if (_ended)
                return;
            if (Take() is not { Count: > 0 } batch)
                continue;
            Ask(batch);
            lock (_gate)
                _waiting -= batch.Sum(q => q.Texts.Count);
        }
    }

    // The oldest request, and later ones for the same model as far as they fit in a batch.
    private List<Question> Take()
    {
        var batch = new List<Question>();
        lock (_gate)
        {
            var texts = 0;
            for (var left = _questions.Count; left > 0; left--)
            {
                var next = _questions.Dequeue();
                if (batch.Count == 0 || (next.Model == batch[0].Model && texts + next.Texts.Count <= TextsPerBatch))
                {
                    batch.Add(next);
                    texts += next.Texts.Count;
                }
                else
                {
                    _questions.Enqueue(next);
                }
            }
        }
        return batch;
    }

    private static void Ask(List<Question> batch)
    {
        foreach (var left in batch.Where(q => q.Stop.IsCancellationRequested))
            left.Answer.TrySetCanceled(left.Stop);
        batch = [.. batch.Where(q => !q.Answer.Task.IsCompleted)];
        if (batch.Count == 0)
            return;
        try
        {
            var rows = batch[0].Model.Predict([.. batch.SelectMany(q => q.Texts)]);
            var from = 0;
            foreach (var question in batch)
            {
                question.Answer.TrySetResult(rows[from..(from + question.Texts.Count)]);
                from += question.Texts.Count;
            }
        }
        // A text that fails must not fail the other texts of its batch.
        catch (Exception) when (batch.Count > 1)
        {
            foreach (var question in batch)
                Ask([question]);
        }
        catch (Exception e)
        {
            batch[0].Answer.TrySetException(e);
        }
    }

    private sealed record Question(IVictim Model, IReadOnlyList<TextPair> Texts, CancellationToken Stop)
    {
        public TaskCompletionSource<double[][]> Answer { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
