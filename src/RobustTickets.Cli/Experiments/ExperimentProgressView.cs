// An experiment's progress on stderr: notes, and the views of training and attacks.
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Commands;

namespace RobustTickets.Cli.Experiments;

/// <summary>Shows the progress of an experiment.</summary>
internal sealed class ExperimentProgressView(CliContext context) : IProgress<ExperimentProgress>
{
    private TrainProgressView? _training;
    private AttackProgressView? _attacking;

    public void Report(ExperimentProgress value)
    {
        switch (value)
        {
            case ExperimentNote note:
                context.Error.WriteLine(note.Text);
                break;
            case ExperimentPart { Begins: true, Attack: null }:
                _training = new TrainProgressView(context);
                break;
            case ExperimentPart { Begins: true }:
                _attacking = new AttackProgressView(context);
                break;
            case ExperimentPart:
                _training?.Finish();
                _attacking?.Finish();
                (_training, _attacking) = (null, null);
                break;
            case ExperimentTraining training:
                _training?.Report(training.Progress);
                break;
            case ExperimentAttacking attacking:
                _attacking?.Report(attacking.Progress);
                break;
        }
    }
}
