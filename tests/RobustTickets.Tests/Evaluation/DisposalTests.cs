// Models on libtorch are disposed of beside calls in flight: these end with the right numbers,
// later ones are refused by the name of the type, and everything is released in the end.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Evaluation;
using RobustTickets.Testing;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class DisposalTests(TrainedTask trained) : IClassFixture<TrainedTask>
{
    private static readonly string[] Texts = [.. Enumerable.Range(1, 24).Select(i => $"a good film and {i} bad ones")];

    [Fact]
    public async Task Sixteen_tasks_and_a_disposal_end_in_rows_or_in_the_classifier_s_name()
    {
        float[][] expected;
        using (var whole = Classifier.Load(trained.Model))
            expected = whole.Logits(Texts);
        var living = LiveTensors.Settled();
        for (var round = 0; round < 5; round++)
        {
            var classifier = Classifier.Load(trained.Model);
            await DisposeBesideAsync<Classifier>(
                () => Assert.Equal(expected, classifier.Logits(Texts)),
                classifier.Dispose
            );
        }
        Assert.Equal(living, Tensor.LiveCount);
    }

    [Fact]
    public async Task Sixteen_tasks_and_a_disposal_end_in_vectors_or_in_the_encoder_s_name()
    {
        double[][] expected;
        using (var whole = BertSentenceEncoder.Load(trained.Model))
            expected = whole.Encode(Texts);
        var encoder = BertSentenceEncoder.Load(trained.Model);
        await DisposeBesideAsync<BertSentenceEncoder>(
            () => Assert.Equal(expected, encoder.Encode(Texts)),
            encoder.Dispose
        );
    }

    [Fact]
    public void An_encoder_without_a_tokenizer_leaves_no_weights_behind()
    {
        var folder = trained.Task.Below("no-vocabulary");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(trained.Model))
            if (Path.GetFileName(file) is not ("vocab.txt" or "SHA256SUMS"))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var living = LiveTensors.Settled();
        Assert.ThrowsAny<DataException>(() => BertSentenceEncoder.Load(folder));
        Assert.Equal(living, Tensor.LiveCount);
    }

    [Fact]
    public async Task Sixteen_tasks_and_a_disposal_end_in_tokens_or_in_the_masked_model_s_name()
    {
        var folder = trained.Task.Below("disposed-mlm");
        MaskedLmAttackTests.WriteMaskedLm(folder, 0.3);
        MaskedQuestion[] questions = [.. Texts.Select(t => new MaskedQuestion($"{t} [MASK]", 2, 3))];
        int[][] expected;
        using (var whole = TorchMaskedLM.Load(folder))
            expected = whole.Predict(questions);
        var model = TorchMaskedLM.Load(folder);
        await DisposeBesideAsync<TorchMaskedLM>(() => Assert.Equal(expected, model.Predict(questions)), model.Dispose);
        Refused<TorchMaskedLM>(() => model.Encode("good"));
        Refused<TorchMaskedLM>(() => model.PieceCount("good"));
        Refused<TorchMaskedLM>(() => model.Token(0));
    }

    [Fact]
    public void A_classifier_refuses_every_call_afterwards()
    {
        var classifier = Classifier.Load(trained.Model);
        var encoded = classifier.Encode(["a good film"]);
        Example[] examples = [new("0", "a good film", 1)];
        classifier.Dispose();
        classifier.Dispose();
        Refused<Classifier>(() => classifier.Predict("a good film"));
        Refused<Classifier>(() => classifier.Predict(Texts));
        Refused<Classifier>(() => classifier.Probabilities(Texts));
        Refused<Classifier>(() => classifier.Logits(Texts));
        Refused<Classifier>(() => classifier.Logits(encoded));
        Refused<Classifier>(() => classifier.Encode(["a good film"]));
        Refused<Classifier>(() => classifier.Evaluate(examples));
        Refused<Classifier>(() => classifier.Evaluate(encoded));
        Refused<Classifier>(() => ((IVictim)classifier).Predict(["a good film"]));
        Refused<Classifier>(() => ((ITextClassifier)classifier).Length("a good film"));
        Refused<Classifier>(() => classifier.ParametersWithoutEmbeddings);
    }

    [Fact]
    public async Task An_attack_on_a_classifier_that_goes_says_so()
    {
        var classifier = Classifier.Load(trained.Model);
        Example[] examples = [.. Texts.Select((t, i) => new Example($"{i}", t, i % 2))];
        var attack = MemorisedTask.Swaps with { Positions = [new Disposes(classifier)] };
        var attacked = await Assert.ThrowsAsync<ObjectDisposedException>(() =>
            classifier.AttackAsync(attack, examples)
        );
        Assert.Equal("RobustTickets.Classifier", attacked.ObjectName);
        attacked = await Assert.ThrowsAsync<ObjectDisposedException>(() =>
            classifier.AttackAsync(MemorisedTask.Swaps, examples)
        );
        Assert.Equal("RobustTickets.Classifier", attacked.ObjectName);
    }

    private static async Task DisposeBesideAsync<T>(Action call, Action dispose) =>
        Assert.All(await Disposal.BesideAsync(call, dispose), name => Assert.Equal(typeof(T).FullName, name));

    private static void Refused<T>(Func<object> call) =>
        Assert.Equal(typeof(T).FullName, Assert.Throws<ObjectDisposedException>(call).ObjectName);

    // Between the first question to the victim and the next.
    private sealed record Disposes(Classifier Victim) : PositionConstraint
    {
        public override string Name => "disposes";

        public override bool Allows(AttackedText current, int position)
        {
            Victim.Dispose();
            return true;
        }
    }
}
