// Lists the models and returns their predictions for a text.
using Microsoft.AspNetCore.Builder;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Playground.Api;

/// <summary><c>/api/models</c> and <c>/api/predict</c>.</summary>
internal static class ModelsApi
{
    private sealed record PredictRequest(string Text, string? Pair = null);

    /// <summary>Maps the routes.</summary>
    public static void Map(WebApplication app, PlaygroundState state)
    {
        var about = About(state);
        Endpoint.Get(app, "/api/models", _ => Task.FromResult(about));
        Endpoint.Post<PredictRequest>(
            app,
            "/api/predict",
            async (context, request) =>
            {
                var text = RequestText.Of(request.Text, request.Pair, state.Limits);
                state.Worker.RefuseWhenBusy();
                return new
                {
                    answers = await Task.WhenAll(
                        state.Models.Select(model => Answer(state, model, text, context.RequestAborted))
                    ),
                };
            }
        );
    }

    private static object About(PlaygroundState state) =>
        new
        {
            version = CliApp.Version,
            runs = state.Runs is not null,
            models = state
                .Models.Select(m => new
                {
                    m.Id,
                    m.Name,
                    m.Form,
                    m.Parameters,
                    labels = m.Classifier.Labels,
                    maxLength = m.Classifier.MaxLength,
                    notes = m.Classifier.Notes,
                    hasRun = m.Run is not null,
                })
                .ToArray(),
            limits = new
            {
                state.Limits.TextLength,
                state.Limits.Words,
                state.Limits.Attacks,
                attackSeconds = state.Limits.AttackTime.TotalSeconds,
            },
        };

    private static async Task<object> Answer(
        PlaygroundState state,
        PlaygroundModel model,
        TextPair text,
        CancellationToken stop
    )
    {
        state.Counters.Asked(model.Id, 1);
        var scores = (await state.Worker.PredictAsync(model.Classifier, [text], stop))[0];
        if (!scores.All(double.IsFinite))
            return new { model = model.Id, error = "the model returned a probability that is not finite" };
        var pieces = model.Classifier.Length(text);
        return new
        {
            model = model.Id,
            label = model.Classifier.Labels[scores.ArgMax()],
            scores,
            // A count above the limit means "more than the limit".
            pieces = Math.Min(pieces, model.Classifier.MaxLength),
            cut = pieces > model.Classifier.MaxLength,
        };
    }
}
