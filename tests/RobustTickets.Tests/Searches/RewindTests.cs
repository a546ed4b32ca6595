// What a round of magnitude pruning begins with (Chen et al. 2020): the pre-trained encoder under
// the mask of the rounds before, and the classifier that the last round left.
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Searches;
using RobustTickets.Tests.Resume;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Searches;

[Collection(TorchCollection.Name)]
public sealed class RewindTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Round_two_begins_with_the_pre_trained_encoder_under_the_mask(bool rewindClassifier)
    {
        var recipe = MaskRecipesTests.Tiny("lth");
        var search = (MagnitudeSearchOptions)recipe.Search! with { Rounds = 2, RewindClassifier = rewindClassifier };
        // The first step of a warm-up has rate 0: after it a network is what it began as.
        search = search with
        {
            Optimizer = search.Optimizer with { WarmupFraction = 0.5 },
        };
        var draw = (WeightDrawOptions)recipe.Draw!;
        var models = new List<BertForSequenceClassification>();
        Dictionary<string, float[]>? start = null,
            trained = null,
            begun = null,
            effective = null;
        var watch = new FirstStep(() =>
        {
            begun = Weights(models[1]);
            effective = Effective(models[1]);
        });
        var run = _task.NewRun();
        var request = _task.Request(recipe with { Search = search }, run);
        using (var session = RunSession.Open(request, watch, default, RobustTickets.Training.Ranks.One()))
        {
            session.Store.Begin();
            var context = session.Search();
            MagnitudeSearch.Run(context with { Load = Load }, search, draw, from: null);

            BertForSequenceClassification Load(Execution execution)
            {
                if (models.Count == 1)
                    trained = Weights(models[0]);
                models.Add(context.Load(execution));
                start ??= Weights(models[0]);
                return models[^1];
            }
        }

        foreach (var (name, values) in begun!)
        {
            var expected = !BertParameters.IsClassifier(name) || rewindClassifier ? start! : trained!;
            Assert.True(expected[name].AsSpan().SequenceEqual(values), $"{name} is not what round 2 begins with");
        }
        // Otherwise a trained encoder that is carried on, or a classifier that is not, would pass.
        Assert.All(start!, p => Assert.NotEqual(p.Value, trained![p.Key]));

        var mask = WeightTickets.ReadMasks(WeightTickets.RoundFile(Path.Combine(run, "ticket"), 1));
        Assert.InRange(mask.Kept, 1, mask.Count - 1);
        Assert.Equal(mask.Matrices.Select(m => m.Site).Order(), effective!.Keys.Order());
        foreach (var matrix in mask.Matrices)
        {
            var pretrained = start![BertParameters.Weight(matrix.Site)];
            Assert.Equal(pretrained.Select((w, i) => matrix[i] ? w : 0f), effective![matrix.Site]);
        }
    }

    private static Dictionary<string, float[]> Weights(BertForSequenceClassification model) =>
        model.Store.Names.ToDictionary(name => name, name => model.Store[name].to_array());

    /// <summary>The matrices under masks as the layers see them.</summary>
    private static Dictionary<string, float[]> Effective(BertForSequenceClassification model)
    {
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        return BertParameters
            .Maskable(model.Config)
            .ToDictionary(
                site => site,
                site =>
                    model
                        .Encoder.Masks!.Effective(
                            site,
                            model.Store[BertParameters.Weight(site)],
                            PassOptions.Evaluation
                        )
                        .to_array()
            );
    }

    private sealed class FirstStep(Action look) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value is not StepDone { Step: 1 } step || step.Stage != Stages.Round(2))
                return;
            Assert.Equal(0, step.LearningRate);
            look();
        }
    }
}
