// The same calls compile and end alike whichever classifier is behind them: the two lists differ in
// the type of the classifier only.
using RobustTickets.Attacks;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

[Collection(TorchCollection.Name)]
public sealed class ClassifierCallsTests(TrainedTicket ticket)
{
    [Fact]
    public void A_classifier_on_libtorch_takes_them()
    {
        using var classifier = Classifier.Load(ticket.Model);
        Calls(classifier, CancellationToken.None);
    }

    [Fact]
    public void A_classifier_in_an_ONNX_file_takes_them()
    {
        using var tiny = new TinyBert();
        tiny.Write();
        using var classifier = OnnxClassifier.Load(tiny.Folder);
        Calls(classifier, CancellationToken.None);
    }

    private static void Calls(Classifier classifier, CancellationToken stop)
    {
        List<string> texts = ["a good film", "a dull film", "so so"];
        List<TextPair> pairs = [new("a good film", "yes"), "a dull film", "so so"];
        float[][][] logits =
        [
            classifier.Logits(texts),
            classifier.Logits(texts, stop),
            classifier.Logits(pairs),
            classifier.Logits(pairs, stop),
            classifier.Logits(["a good film", "a dull film", "so so"]),
            classifier.Logits(["a good film", "a dull film", "so so"], stop),
        ];
        double[][][] probabilities =
        [
            classifier.Probabilities(texts),
            classifier.Probabilities(texts, stop),
            classifier.Probabilities(pairs),
            classifier.Probabilities(pairs, stop),
            classifier.Probabilities(["a good film", "a dull film", "so so"]),
            classifier.Probabilities(["a good film", "a dull film", "so so"], stop),
        ];
        IReadOnlyList<Prediction>[] predictions =
        [
            classifier.Predict(texts),
            classifier.Predict(texts.Where(t => t.Length > 0), stop),
            classifier.Predict(pairs),
            classifier.Predict(pairs, stop),
            classifier.Predict(["a good film", "a dull film", "so so"]),
            classifier.Predict(["a good film", "a dull film", "so so"], stop),
        ];
        RequireAlike(logits, probabilities, predictions);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Action[] ends =
        [
            () => classifier.Logits(texts, stopped.Token),
            () => classifier.Probabilities(texts, stopped.Token),
            () => classifier.Probabilities(pairs, stopped.Token),
            () => classifier.Predict(texts, stopped.Token),
        ];
        RequireEnds(
            ends,
            holed =>
                [
                    () => classifier.Logits(holed),
                    () => classifier.Probabilities(holed, stop),
                    () => classifier.Predict(holed, stop),
                    () => ((IVictim)classifier).Predict([.. holed.Select(t => new TextPair(t))]),
                ]
        );
    }

    private static void Calls(OnnxClassifier classifier, CancellationToken stop)
    {
        List<string> texts = ["a good film", "a dull film", "so so"];
        List<TextPair> pairs = [new("a good film", "yes"), "a dull film", "so so"];
        float[][][] logits =
        [
            classifier.Logits(texts),
            classifier.Logits(texts, stop),
            classifier.Logits(pairs),
            classifier.Logits(pairs, stop),
            classifier.Logits(["a good film", "a dull film", "so so"]),
            classifier.Logits(["a good film", "a dull film", "so so"], stop),
        ];
        double[][][] probabilities =
        [
            classifier.Probabilities(texts),
            classifier.Probabilities(texts, stop),
            classifier.Probabilities(pairs),
            classifier.Probabilities(pairs, stop),
            classifier.Probabilities(["a good film", "a dull film", "so so"]),
            classifier.Probabilities(["a good film", "a dull film", "so so"], stop),
        ];
        IReadOnlyList<Prediction>[] predictions =
        [
            classifier.Predict(texts),
            classifier.Predict(texts.Where(t => t.Length > 0), stop),
            classifier.Predict(pairs),
            classifier.Predict(pairs, stop),
            classifier.Predict(["a good film", "a dull film", "so so"]),
            classifier.Predict(["a good film", "a dull film", "so so"], stop),
        ];
        RequireAlike(logits, probabilities, predictions);
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Action[] ends =
        [
            () => classifier.Logits(texts, stopped.Token),
            () => classifier.Probabilities(texts, stopped.Token),
            () => classifier.Probabilities(pairs, stopped.Token),
            () => classifier.Predict(texts, stopped.Token),
        ];
        RequireEnds(
            ends,
            holed =>
                [
                    () => classifier.Logits(holed),
                    () => classifier.Probabilities(holed, stop),
                    () => classifier.Predict(holed, stop),
                    () => ((IVictim)classifier).Predict([.. holed.Select(t => new TextPair(t))]),
                ]
        );
    }

    private static void RequireAlike(
        float[][][] logits,
        double[][][] probabilities,
        IReadOnlyList<Prediction>[] predictions
    )
    {
        Assert.All(logits, rows => Assert.Equal(3, rows.Length));
        // A pair has other logits than its first text alone.
        Assert.All([0, 1, 4, 5], i => Assert.Equal(logits[0][0], logits[i][0]));
        Assert.All([2, 3], i => Assert.NotEqual(logits[0][0], logits[i][0]));
        Assert.All(
            logits.Index(),
            l => Assert.Equal(probabilities[l.Index], l.Item.Select(row => Classifier.Softmax(row)))
        );
        Assert.All(probabilities.Index(), p => Assert.Equal(predictions[p.Index].Select(a => a.Scores), p.Item));
    }

    private static void RequireEnds(Action[] cancelled, Func<string[], Action[]> callsOf)
    {
        Assert.All(cancelled, end => Assert.ThrowsAny<OperationCanceledException>(end));
        // Few texts are read one after another, many at once.
        foreach (var count in new[] { 7, 20 })
        {
            var holed = Enumerable.Repeat("good", count).Select((t, i) => i == 6 ? null! : t).ToArray();
            Assert.All(
                callsOf(holed),
                call =>
                    Assert.Contains(
                        $"text 7 of {count} is null",
                        Assert.Throws<ArgumentException>(call).Message,
                        StringComparison.Ordinal
                    )
            );
        }
    }
}
