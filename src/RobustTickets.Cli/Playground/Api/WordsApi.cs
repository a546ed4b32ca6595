// Word importance: POST /api/words ranks the words of a text by deleting each, as greedy attacks
// do.
using Microsoft.AspNetCore.Builder;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Searches;
using RobustTickets.Cli.Playground.Attacks;

namespace RobustTickets.Cli.Playground.Api;

/// <summary><c>/api/words</c>.</summary>
internal static class WordsApi
{
    private const int AtOnce = 4;

    private sealed record WordsRequest(string Text, string? Pair = null);

    /// <summary>Maps the route.</summary>
    public static void Map(WebApplication app, PlaygroundState state)
    {
        var places = new SemaphoreSlim(AtOnce);
        Endpoint.Post<WordsRequest>(
            app,
            "/api/words",
            async (context, request) =>
            {
                var input = RequestText.Of(request.Text, request.Pair, state.Limits);
                var text = AttackedText.Create(new Example("text", input, 0).Columns);
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, state.Stop);
                state.Worker.RefuseWhenBusy();
                await places.WaitAsync(stop.Token);
                try
                {
                    return new
                    {
                        text = TextParts.Of(text.Columns, text.Version),
                        words = text.Words.Count,
                        ranked = Math.Min(text.Words.Count, state.Limits.Words),
                        models = await Task.Run(
                            () => state.Models.Select(m => Rank(state, m, text, stop.Token)).ToArray(),
                            stop.Token
                        ),
                    };
                }
                finally
                {
                    places.Release();
                }
            }
        );
    }

    private static object Rank(PlaygroundState state, PlaygroundModel model, AttackedText text, CancellationToken stop)
    {
        var victim = new WorkerVictim(model, state.Worker, stop, n => state.Counters.Asked(model.Id, n));
        var row = victim.Predict([text.ToTextPair()])[0];
        var label = row.ArgMax();
        return new
        {
            model = model.Id,
            label = model.Classifier.Labels[label],
            importance = WordImportance.Of(victim, text, label, state.Limits.Words),
        };
    }
}
