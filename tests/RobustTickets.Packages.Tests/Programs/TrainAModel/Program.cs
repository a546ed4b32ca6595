using RobustTickets;
using RobustTickets.Attacks;

var recipe = Recipe.Preset("fine-tune", task: "sst2") with { MaxLength = 16, BatchSize = 20 };
var run = recipe.Train(model: args[0], data: args[1], output: args[2]);
using var classifier = run.LoadClassifier();
Console.WriteLine(classifier.Predict("a warm and moving film").Label);
var attack = AttackRecipe.DeepWordBug(AttackResources.FromUserFolder());
AttackReport report = await classifier.AttackAsync(attack, run.Evaluation.Sample(5));
Console.WriteLine(report.Outcomes.Count);
