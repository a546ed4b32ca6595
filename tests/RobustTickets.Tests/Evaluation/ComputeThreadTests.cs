// Calls from thread-pool threads are computed on one thread, with one OpenMP team and the number of
// threads set last; results, exceptions and cancellation are those of a call in place.
using System.Runtime.CompilerServices;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Inference;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class ComputeThreadTests(TrainedTask trained) : IClassFixture<TrainedTask>, IDisposable
{
    private const int Callers = 12;
    private static readonly string[] Texts = [.. Enumerable.Range(1, 48).Select(i => $"a good film and {i} bad ones")];
    private static readonly TextPair[] Pairs = [.. Texts.Select(t => new TextPair(t))];

    public void Dispose() => torch.set_num_threads(1);

    [SkippableFact]
    public async Task Many_thread_pool_threads_compute_on_one_team_and_get_the_rows_of_a_thread_of_their_own()
    {
        Skip.IfNot(Directory.Exists("/proc/self/task"), "counts threads by /proc");
        var folder = trained.Task.Below("one-team-mlm");
        MaskedLmAttackTests.WriteMaskedLm(folder, 0.3);
        using var classifier = Classifier.Load(trained.Model);
        using var encoder = BertSentenceEncoder.Load(trained.Model);
        using var masked = TorchMaskedLM.Load(folder);
        // Many texts would be tokenised by further threads of the pool.
        EncodedExample[] examples = [.. classifier.Encode(Pairs).Select(e => e with { Label = 0 })];
        MaskedQuestion[] questions = [.. Texts.Select(t => new MaskedQuestion($"{t} [MASK]", 2, 3))];
        (float[][], double[][], int[][], EvaluationResult) All() =>
            (
                classifier.Logits(examples),
                encoder.Encode(Texts),
                masked.Predict(questions),
                classifier.Evaluate(examples)
            );
        var expected = OnOwnThread(() =>
        {
            torch.set_num_threads(2);
            return All();
        });
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, 2 * Callers), ports);
        try
        {
            await Task.Run(All); // the compute thread and its team
            await OnPoolAsync(() => 0);
            var before = Threads();
            foreach (var (logits, vectors, tokens, result) in await OnPoolAsync(All))
            {
                Assert.Equal(expected.Item1, logits);
                Assert.Equal(expected.Item2, vectors);
                Assert.Equal(expected.Item3, tokens);
                Assert.Equal(expected.Item4, result);
            }
            // A team a caller would be a thread more for each; the runtime may have started some.
            Assert.InRange(Threads() - before, int.MinValue, Callers / 2);
        }
        finally
        {
            ThreadPool.SetMinThreads(workers, ports);
        }
    }

    [Fact]
    public async Task Calls_run_in_place_unless_they_come_from_the_thread_pool()
    {
        var (own, computed) = OnOwnThread(() => (Environment.CurrentManagedThreadId, ComputeThread.Run(Here)));
        Assert.Equal(own, computed);
        var ids = await OnPoolAsync(() => (Environment.CurrentManagedThreadId, ComputeThread.Run(Here)));
        Assert.Equal(Callers, ids.Select(id => id.CurrentManagedThreadId).Distinct().Count());
        var thread = Assert.Single(ids.Select(id => id.Item2).Distinct());
        Assert.DoesNotContain(thread, ids.Select(id => id.CurrentManagedThreadId));
        // From the compute thread itself.
        Assert.Equal(thread, await Task.Run(() => ComputeThread.Run(() => ComputeThread.Run(Here))));
        Assert.True(await Task.Run(() => ComputeThread.Run(() => Thread.CurrentThread.IsBackground)));

        static int Here() => Environment.CurrentManagedThreadId;
    }

    [Fact]
    public async Task An_exception_keeps_its_type_and_stack_and_the_thread_goes_on()
    {
        var thrown = new NotSupportedException("on purpose");
        var caught = await Assert.ThrowsAsync<NotSupportedException>(() =>
            Task.Run(() => ComputeThread.Run(() => Fail(thrown)))
        );
        Assert.Same(thrown, caught);
        Assert.Contains(nameof(Fail), caught.StackTrace, StringComparison.Ordinal);
        using var classifier = Classifier.Load(trained.Model);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var stopped = await Assert.ThrowsAsync<OperationCanceledException>(() =>
            Task.Run(() => classifier.Predict(Pairs, stop.Token), CancellationToken.None)
        );
        Assert.Equal(stop.Token, stopped.CancellationToken);
        Assert.Equal(3, await Task.Run(() => ComputeThread.Run(() => 3)));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Fail(Exception e) => throw e;
    }

    [Fact]
    public async Task The_number_of_threads_set_last_holds_whatever_thread_set_it()
    {
        foreach (var threads in new[] { 2, 1, 3, 1 })
        {
            OnOwnThread(() =>
            {
                new Execution(Threads: threads).Apply();
                return 0;
            });
            Assert.Equal(threads, await Task.Run(() => ComputeThread.Run(torch.get_num_threads)));
        }
    }

    [Fact]
    public async Task A_forgotten_classifier_leaves_no_matrices_behind()
    {
        LiveTensors.Settled();
        var before = AlignedMemory.LiveCount;
        await ForgetAsync();
        LiveTensors.Settled();
        Assert.Equal(before, AlignedMemory.LiveCount);

        async Task ForgetAsync()
        {
            await Task.Run(() =>
            {
                var forgotten = Classifier.Load(trained.Model);
                Assert.NotEmpty(forgotten.Predict("a good film").Label);
                Assert.True(AlignedMemory.LiveCount > before);
            });
        }
    }

    private static T OnOwnThread<T>(Func<T> body)
    {
        T result = default!;
        var thread = new Thread(() => result = body());
        thread.Start();
        thread.Join();
        return result;
    }

    // On as many thread-pool threads at once, each of which waits for the others first.
    private static async Task<T[]> OnPoolAsync<T>(Func<T> body)
    {
        using var together = new Barrier(Callers);
        return await Task.WhenAll(
            Enumerable
                .Range(0, Callers)
                .Select(_ =>
                    Task.Run(() =>
                    {
                        together.SignalAndWait();
                        return body();
                    })
                )
        );
    }

    private static int Threads() => Directory.GetDirectories("/proc/self/task").Length;
}
