// Streams an attack on one text: POST /api/attack sends server-sent events until the attack ends,
// the client disconnects, or the time limit is reached.
using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Cli.Playground.Attacks;

namespace RobustTickets.Cli.Playground.Api;

/// <summary><c>/api/attacks</c> and <c>/api/attack</c>.</summary>
internal static class AttackApi
{
    private const int EventsAhead = 256;

    // Small batches, so that progress is visible and cancellation is fast.
    private static readonly AttackEngineOptions Engine = new(16, 16, Concurrency: 1, Threads: 1);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(5);

    private sealed record AttackRequest(
        string Model,
        string Attack,
        string Text,
        string? Pair = null,
        string? Label = null,
        int? QueryBudget = null
    );

    /// <summary>Maps the routes.</summary>
    public static void Map(WebApplication app, PlaygroundState state)
    {
        Endpoint.Get(
            app,
            "/api/attacks",
            context =>
            {
                var model = state.Model(context.Request.Query["model"]);
                return Task.FromResult<object>(new { attacks = state.Attacks.Choices(model) });
            }
        );
        Endpoint.PostForEvents<AttackRequest>(app, "/api/attack", (context, request) => Run(context, state, request));
    }

    private static async Task Run(HttpContext context, PlaygroundState state, AttackRequest request)
    {
        var model = state.Model(request.Model);
        var text = RequestText.Of(request.Text, request.Pair, state.Limits);
        if (request.QueryBudget is < 1)
            throw RefusedException.Malformed($"the query budget is {request.QueryBudget}; it must be at least 1");
        state.Attacks.Require(model, request.Attack);
        using var slot = state.Slots.Take();
        using var left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, state.Stop);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(left.Token);
        stop.CancelAfter(state.Limits.AttackTime + Grace);
        var label = request.Label is null
            ? (await state.Worker.PredictAsync(model.Classifier, [text], stop.Token))[0].ArgMax()
            : LabelOf(model, request.Label);
        var writer = await EventWriter.BeginAsync(context);
        await writer.SendAsync("building", new { attack = request.Attack });
        var channel = Channel.CreateBounded<AttackEvent>(
            new BoundedChannelOptions(EventsAhead) { SingleReader = true }
        );
        var attack = Attack(state, model, request, text, label, channel.Writer, stop.Token);
        try
        {
            await Forward(channel.Reader, writer, left.Token);
        }
        finally
        {
            await stop.CancelAsync();
            await attack;
        }
    }

    private static async Task Attack(
        PlaygroundState state,
        PlaygroundModel model,
        AttackRequest request,
        TextPair text,
        int label,
        ChannelWriter<AttackEvent> events,
        CancellationToken stop
    )
    {
        var result = "stopped";
        try
        {
            var attack = await state.Attacks.BuildAsync(model, request.Attack, stop);
            var watcher = new AttackEvents(model.Classifier.Labels, label, events, stop);
            var victim = new WorkerVictim(model, state.Worker, stop, n => state.Counters.Asked(model.Id, n));
            var watched = attack with
            {
                Search = new WatchedSearch(attack.Search, watcher),
                QueryBudget = request.QueryBudget ?? attack.QueryBudget,
            };
            var start = Stopwatch.GetTimestamp();
            await foreach (
                var outcome in new AttackEngine(watched, victim, Engine).RunAsync(
                    [new Example("text", text, label)],
                    stop
                )
            )
            {
                stop.ThrowIfCancellationRequested();
                watcher.Ends(outcome, attack.Version, Stopwatch.GetElapsedTime(start));
                result = outcome.Result.ToString().ToLowerInvariant();
                state.Counters.Queried(outcome.Queries);
            }
        }
        catch (OperationCanceledException)
        {
            // Reaches the client only if the time limit ended the attack.
            events.TryWrite(new AttackEvent("failed", new { error = "the attack exceeded its time limit" }));
        }
        catch (Exception e)
        {
            result = "error";
            events.TryWrite(new AttackEvent("failed", new { error = e.Message }));
        }
        finally
        {
            state.Counters.Attacked(request.Attack, result);
            events.Complete();
        }
    }

    // Pending events are sent together; when there are none, a ping detects a disconnected client.
    private static async Task Forward(ChannelReader<AttackEvent> events, EventWriter writer, CancellationToken stop)
    {
        var next = events.WaitToReadAsync(stop).AsTask();
        while (true)
        {
            if (await Task.WhenAny(next, Task.Delay(PingEvery, stop)) != next)
            {
                await writer.PingAsync();
                continue;
            }
            if (!await next)
                return;
            while (events.TryRead(out var told))
                await writer.SendAsync(told.Name, told.Data);
            next = events.WaitToReadAsync(stop).AsTask();
        }
    }

    private static int LabelOf(PlaygroundModel model, string label)
    {
        var index = model.Classifier.Labels.ToList().IndexOf(label);
        return index >= 0
            ? index
            : throw RefusedException.Malformed(
                $"{model.Name} has no such class; possible: {string.Join(", ", model.Classifier.Labels)}"
            );
    }
}
