using RobustTickets.Augmentation;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Tests.Models;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;
using static RobustTickets.Tests.Augmentation.AugmentFixture;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Tests.Augmentation;

[Collection(TorchCollection.Name)]
public sealed class HardestTextsTests
{
    private static readonly RandomKey Step = RandomKey.FromSeed(3);

    [Fact]
    public void Of_the_changes_of_each_text_the_one_with_the_highest_loss_is_taken()
    {
        var texts = Texts(12, 8);
        var plain = Encode(texts);
        var options = new AugmentOptions(NeighbourRate: 0.6, Search: new SubstituteSearchOptions(5, 3));
        var augmentation = Of(options, texts);
        Assert.Equal([5, 1, 1, 5], Enumerable.Range(0, 4).Select(s => augmentation.Candidates(s)));
        var config = TinyBert.Dense(dropout: 0.3) with { VocabularySize = Tokenizer.Vocabulary.Tokens.Count };
        using var model = TinyBert.New(config, new Execution(), seed: 5);
        int[] indices = [2, 7, 11, 0];
        var found = HardestTexts.Pick(model, augmentation, indices, plain, Step, 5, out var flops);
        Assert.True(flops > 0);
        var (moved, easiest) = (0, 0);
        for (var i = 0; i < indices.Length; i++)
        {
            var candidates = Enumerable
                .Range(0, 5)
                .Select(c => augmentation.Changed([indices[i]], plain, Step, c)[0])
                .ToArray();
            var losses = candidates.Select(c => Loss(model, c)).ToArray();
            Assert.Equal(losses.Max(), Loss(model, found[i]), 1e-5);
            Assert.Equal(plain[indices[i]].Id, found[i].Id);
            moved += found[i].Ids.SequenceEqual(candidates[0].Ids) ? 0 : 1;
            easiest += Loss(model, found[i]) > losses.Min() + 1e-4 ? 0 : 1;
        }
        // Mutants: the first change, or the easiest.
        Assert.True(moved > 0);
        Assert.True(easiest < indices.Length);
    }

    [Fact]
    public void The_first_candidate_is_what_a_step_without_search_trains_on_and_the_others_differ()
    {
        var texts = Texts(6, 12);
        var plain = Encode(texts);
        var augmentation = Of(new AugmentOptions(NeighbourRate: 0.5), texts);
        var made = Enumerable
            .Range(0, 4)
            .Select(c => string.Join(' ', augmentation.Changed([3], plain, Step, c)[0].Ids))
            .ToArray();
        Assert.Equal(made[0], string.Join(' ', augmentation.Changed([3], plain, Step)[0].Ids));
        Assert.Equal(4, made.Distinct().Count());
    }

    private static float Loss(BertForSequenceClassification model, EncodedExample example)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var inputs = model.Prepare(PackedBatch.From([example]), training: false);
        return functional.cross_entropy(model.Forward(inputs, PassOptions.Evaluation), inputs.Labels).item<float>();
    }
}
